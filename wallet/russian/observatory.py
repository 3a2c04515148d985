"""What the report says about credit, solvency and dealings, and what stands on its charts."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # node/cli/audit.py
    "Also write it as Parquet; needs the extra 'parquet'.": (
        "Записать её ещё и в формате Parquet; нужно дополнение «parquet»."
    ),
    "Also draw charts into this folder, as SVG and PNG; needs the extra 'charts'.": (
        "Ещё и нарисовать графики в эту папку, в SVG и PNG; нужно дополнение «charts»."
    ),
    "What was exchanged for outside money so far, in pai: for the figures of solvency.": (
        "Сколько пока обменяно на внешние деньги, в паях: для показателей платёжеспособности."
    ),
    "Interest on outside money, in pai: for the figures of solvency.": (
        "Проценты по внешним деньгам, в паях: для показателей платёжеспособности."
    ),
    "{number} files of charts are in {folder}.": "Графики — в папке {folder}, файлов: {number}.",
    "Parquet needs an extra: pip install 'pai[parquet]'": (
        "Для Parquet нужно дополнение: pip install 'pai[parquet]'"
    ),
    "Charts need an extra: pip install 'pai[charts]'": (
        "Для графиков нужно дополнение: pip install 'pai[charts]'"
    ),
    "An amount here is not below zero: {text}": "Сумма здесь не бывает меньше нуля: {text}",
    # node/cli/audit_report.py
    "- without transfers to oneself": "— без переводов самому себе",
    # node/cli/audit_credit.py
    "Owed by members": "Долг участников",
    "Debtors, of persons": "Должников из числа людей",
    "Persons at their limit": "Людей на пределе",
    "- for more than 90 periods": "— дольше 90 периодов",
    "Ten largest debtors": "Десять крупнейших должников",
    "Ten largest holders": "Десять крупнейших держателей",
    "Loans granted": "Выданные ссуды",
    "- guaranteed": "— под поручительством",
    "- found in 360 periods": "— обнаружено за 360 периодов",
    "Written off in 360 periods": "Списано за 360 периодов",
    "The reserve's share in 360 periods": "Доля резерва за 360 периодов",
    "Reserve": "Резерв",
    "Credit may grow": "Кредит может расти",
    "no: losses exceed it": "нет: потери больше",
    "Drain: savings of what is owed": "Отток: накопления к долгу",
    "Earned from one partner": "Заработано у одного партнёра",
    "Credit": "Кредит",
    "base of the young, by authority": "база новых людей, по удостоверяющим центрам",
    "Loans: all that is owed": "Ссуды: всё, что должны",
    "Money: all that is held": "Деньги: всё, что есть на руках",
    "Withdrawn": "Выведено",
    "Interest": "Проценты",
    "Room: loans less the rest": "Запас: ссуды минус остальное",
    "Solvency": "Платёжеспособность",
    "Dealings": "Кто с кем имеет дело",
    "Gini of money": "Коэффициент Джини по деньгам",
    "Gini of sales": "Коэффициент Джини по продажам",
    # node/cli/audit_charts.py
    "period; means of 28": "период; средние за 28",
    "How much is paid, and how often money changes hands": (
        "Сколько платят и как часто деньги переходят из рук в руки"
    ),
    (
        "Velocity is what is paid in a period, divided by the mean of all positive settlement "
        "balances."
    ): (
        "Скорость — уплаченное за период, делённое на среднюю сумму положительных расчётных "
        "остатков."
    ),
    "turnover of a period, pai": "оборот за период, паи",
    "velocity of a period": "скорость за период",
    "all payments": "все платежи",
    "without transfers to oneself": "без переводов себе",
    "between persons": "между людьми",
    "net of round trips": "без туда и обратно",
    "What members owe, and what stands against it": (
        "Сколько должны участники и что этому противостоит"
    ),
    (
        "Credit grows only while what was lost and is overdue in 360 periods is less than what "
        "flowed into the reserve."
    ): (
        "Кредит растёт, только пока потери и просрочка за 360 периодов меньше поступлений в резерв."
    ),
    "at the end of a period, pai": "в конце периода, паи",
    "debt": "долг",
    "loans granted": "выданные ссуды",
    "the reserve and what it answers for, pai": "резерв и то, за что он отвечает, паи",
    "written off in 360 periods": "списано за 360 периодов",
    "Who cannot spend any more, and where money rests": (
        "Кто больше не может тратить и где лежат деньги"
    ),
    (
        "At the limit is who owes at least 95 % of what he may. Drain is savings as a part of "
        "debt: what is saved, debtors cannot earn."
    ): (
        "На пределе тот, кто должен не меньше 95 % возможного. Отток — накопления в долях долга: "
        "что отложено, того должники не заработают."
    ),
    "persons at their limit": "люди на пределе",
    "drain": "отток",
    "How unequal money and sales are": "Насколько неравны деньги и продажи",
    (
        "Gini's coefficient: 0 when all have the same, near 1 when one has everything. Money: "
        "balances above zero. Sales: what each received who paid or was paid."
    ): (
        "Коэффициент Джини: 0, когда у всех поровну, около 1, когда всё у одного. Деньги — остатки "
        "выше нуля. Продажи — полученное каждым, кто платил или кому платили."
    ),
    "money": "деньги",
    "sales": "продажи",
    "Payments that are not between members known here": (
        "Платежи не между известными здесь участниками"
    ),
    (
        "Parts of turnover. To oneself: both accounts are said to be of one person or firm. "
        "Foreign: a party is known, but only under another jurisdiction."
    ): (
        "Доли оборота. Себе: оба счёта удостоверены за одним лицом. С чужими: сторона известна, но "
        "только под другой юрисдикцией."
    ),
    "with unidentified accounts": "с неудостоверенными счетами",
    "with foreign accounts": "со счетами чужой юрисдикции",
    "to oneself": "самому себе",
    "Who bore demurrage": "Кто нёс демередж",
    "Whoever holds money at the moment of demurrage bears it; {charged} pai in all.": (
        "Демередж несёт тот, у кого деньги в момент его взимания; всего паёв: {charged}."
    ),
    "What demurrage paid for": "Что оплатил демередж",
    "Pai, by the shares that members have agreed on.": (
        "В паях, по долям, о которых договорились участники."
    ),
    # Exchange.
    "Also write the table of exchange chains there.": "Записать туда и таблицу цепочек обмена.",
    "The table of chains is in {file}.": "Таблица цепочек — в файле {file}.",
    "Exchange: chains and set-off": "Обмен: цепочки и зачёт",
    "All trade": "Вся торговля",
    "of it without money": "из неё без денег",
    "people in a chain": "людей в цепочке",
    "chains": "цепочек",
    "Chains found and proposed": "Цепочек найдено и предложено",
    "- that happened": "— состоялись",
    "- that wait for consent": "— ждут согласия",
    "- that came to nothing": "— не состоялись",
    "- delivered in full": "— всё поставлено",
    "- with goods that did not come": "— товар пришёл не весь",
    "Traded in chains": "Продано по цепочкам",
    "- money that moved for it": "— для этого перешло денег",
    "- money saved": "— денег не понадобилось",
    "- delivered": "— поставлено",
    "- on the way": "— в пути",
    "- not delivered, and owed": "— не поставлено, стало долгом",
    "- of that made good": "— из этого возмещено",
    "What is traded in chains and set off, and how much needs no money": (
        "Сколько продаётся по цепочкам и зачитывается, и сколько обходится без денег"
    ),
    (
        "All trade: payments, trades in chains, and what set-offs cleared. Without money: what "
        "was neither paid, nor moved by chains, nor lent to set-offs."
    ): (
        "Вся торговля: платежи, продажи по цепочкам и зачтённые долги. Без денег: что не было "
        "оплачено, не перешло по цепочкам и не было дано на зачёт."
    ),
    "in a period, pai": "за период, паёв",
    "traded in chains": "продано по цепочкам",
    "set off": "зачтено",
    "trade that needed no money": "торговля, обошедшаяся без денег",
}
