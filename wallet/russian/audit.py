"""What ``pai audit`` says."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # node/cli/audit.py: help
    (
        "Verify a community's whole history by yourself, and report on its money.\n\n"
        "SOURCE is a node's home, an export file, or a node's URL."
    ): (
        "Самостоятельно проверить всю историю сообщества и составить отчёт о его деньгах.\n\n"
        "SOURCE — папка узла, файл выгрузки или адрес (URL) узла."
    ),
    (
        "Execute every block again from genesis and name the first difference.\n\n"
        "SOURCE is a node's home, an export file, or a node's URL. Ends with 7 when something is "
        "found."
    ): (
        "Заново исполнить все блоки с самого начала и назвать первое расхождение.\n\n"
        "SOURCE — папка узла, файл выгрузки или адрес (URL) узла. Код выхода 7, если что-то "
        "найдено."
    ),
    (
        "Report on supply, demurrage, velocity, credit, exchange and servers, after a whole replay."
        "\n\n"
        "SOURCE is a node's home, an export file, or a node's URL. Nobody is named. Ends with 7 "
        "when the replay or a check finds something."
    ): (
        "Отчёт о деньгах, демередже, скорости обращения, кредите, обмене и серверах "
        "после полного повтора.\n\n"
        "SOURCE — папка узла, файл выгрузки или адрес (URL) узла. Никто не назван по имени. Код "
        "выхода 7, если повтор или проверка что-то нашли."
    ),
    "Constitution that must be the source's.": "Устав, который должен быть у источника.",
    "Id that must be the source's, 64 hexadecimal digits.": (
        "Номер сообщества, который должен быть у источника: 64 шестнадцатеричные цифры."
    ),
    "Also write the table of periods to this file.": "Записать таблицу периодов ещё и в этот файл.",
    "How many of the newest periods the table shows.": (
        "Сколько последних периодов показать в таблице."
    ),
    # node/cli/audit.py
    "Replaying": "Повтор",
    "{blocks}, {speed} a second": "{blocks}, {speed} в секунду",
    "{n} block": ("{n} блок", "{n} блока", "{n} блоков"),
    "The table of periods is in {file}.": "Таблица периодов — в файле {file}.",
    "{text} is not a community's id: it has 64 hexadecimal digits.": (
        "{text} — не номер сообщества: в номере 64 шестнадцатеричные цифры."
    ),
    # node/cli/audit_view.py: checks
    "genesis": "устав",
    "stream of blocks": "поток блоков",
    "order of blocks": "порядок блоков",
    "rules of a block": "правила блока",
    "state root": "корень состояния",
    "promises of the ledger": "обещания реестра",
    "stored row": "хранимая строка",
    "node's answer": "ответ узла",
    "end of the chain": "конец цепочки",
    "conservation": "сохранение денег",
    "supply": "сколько выпущено",
    "balances": "остатки",
    "demurrage": "демередж",
    "funds": "фонды",
    "authors of blocks": "авторы блоков",
    "one block a slot": "один блок в слоте",
    "time": "время",
    "sequences": "порядковые номера",
    "savings": "накопления",
    "bonds": "залоги",
    "identity": "удостоверение личности",
    "Merkle tree": "дерево Меркла",
    # node/cli/audit_view.py
    "Replay from genesis": "Повтор с самого начала",
    "Source": "Источник",
    "Blocks executed again": "Исполнено блоков заново",
    "Transactions": "Транзакции",
    "Last slot": "Последний слот",
    "Hash of the last block": "Хеш последнего блока",
    "State root": "Корень состояния",
    "Blocks a second": "Блоков в секунду",
    "Nothing was found: every block holds, and every check agrees.": (
        "Ничего не найдено: все блоки верны, и все проверки сошлись."
    ),
    "{n} finding:": ("{n} находка:", "{n} находки:", "{n} находок:"),
    "More findings are in the document: add --output json.": (
        "Остальные находки — в документе: добавьте --output json."
    ),
    "block {height}": "блок {height}",
    "transaction {index}": "транзакция {index}",
    "table {table}, key {key}": "таблица {table}, ключ {key}",
    "expected: {value}": "должно быть: {value}",
    "found: {value}": "найдено: {value}",
    "server's seat: {seat}": "место сервера: {seat}",
    "hash: {hash}": "хеш: {hash}",
    "The seat has signed this block's header: it answers for it.": (
        "Место подписало заголовок этого блока: оно за него отвечает."
    ),
    "The seat has not signed this header: somebody else made it up.": (
        "Место не подписывало этот заголовок: его выдумал кто-то другой."
    ),
    "Proof of an account": "Доказательство о счёте",
    "Address": "Адрес",
    "Block": "Блок",
    "Hash of the block": "Хеш блока",
    "Account": "Счёт",
    "there is none": "такого нет",
    "Settlement when last touched": "Остаток при последнем обращении",
    "Touched in step": "Шаг последнего обращения",
    "Sequence": "Порядковый номер",
    "The proof holds: the row is in the state that the block's server signed.": (
        "Доказательство верно: строка есть в состоянии, которое подписал сервер блока."
    ),
    # node/cli/audit_report.py
    "Report of an audit": "Отчёт проверки",
    "Payments": "Платежи",
    "Supply and conservation": "Деньги и их сохранение",
    "where money lies": "где лежат деньги",
    "settlement accounts": "расчётные счета",
    "savings accounts": "накопления (вклады)",
    "reserve": "резерв",
    "social fund": "социальный фонд",
    "operators of servers": "держатели серверов",
    "active members": "активные участники",
    "municipality": "муниципалитет",
    "pot, not shared yet": "котёл, ещё не распределён",
    "issued less burned": "выпущено минус сожжено",
    "burned": "сожжено",
    "difference": "расхождение",
    "accounts": "счета",
    "who bore demurrage": "кто нёс демередж",
    "what demurrage funded": "что оплатил демередж",
    (
        "Demurrage: {charged} pai collected, {early} of it for early returns; "
        "{waiting} not collected yet"
    ): (
        "Демередж: собрано {charged} пая, из них {early} за досрочный возврат; ещё не собрано "
        "{waiting}"
    ),
    "those who bore most": "кто нёс больше всех",
    "kind": "кто это",
    "owners of servers": "владельцы серверов",
    "authorities": "удостоверяющие центры",
    "organisations": "организации",
    "identified members": "удостоверенные участники",
    "unidentified accounts": "неудостоверенные счета",
    "Velocity": "Скорость обращения",
    "Definition": "Определение",
    "Turnover": "Оборот",
    "Mean settlement": "Средние деньги на расчётных счетах",
    "Turnovers in all": "Оборотов всего",
    "Turnovers a period ({period})": "Оборотов за период ({period})",
    "- between persons": "— между разными людьми",
    "- net of round trips": "— без хождения туда и обратно",
    "Turnovers in 28 periods": "Оборотов за 28 периодов",
    "Fees paid": "Уплачено сборов",
    "turnover by period": "оборот по периодам",
    "velocity by period": "скорость по периодам",
    "demurrage by period": "демередж по периодам",
    "savings by period": "накопления по периодам",
    "active members by period": "активные участники по периодам",
    "Periods": "Периоды",
    "period": "период",
    "missed slots": "пустые слоты",
    "payments": "платежи",
    "turnover": "оборот",
    "mean settlement": "средние деньги",
    "velocity": "скорость",
    "Identity": "Удостоверение личности",
    "their money, pai": "их деньги, паи",
    "identified in all": "удостоверено всего",
    "all accounts": "все счета",
    "server's seat": "место сервера",
    "expected": "ожидалось",
    "transactions served": "обслужено транзакций",
    "Servers: {slots} slots, {missed} without a block": (
        "Серверы: слотов {slots}, без блока {missed}"
    ),
    # The funds' account.
    "common funds": "общие фонды",
    "at the beginning": "в начале",
    "from demurrage": "из демереджа",
    "from fees": "из платы за операции",
    "from offences and notices": "из наказаний и извещений",
    "from other funds, or to them": "из других фондов или в них",
    "spent by vote": "потрачено по решениям",
    "rewards of servers": "вознаграждения серверов",
    "rewards of the best set-offs": "награды за лучшие зачёты",
    "shares of active members": "доли действовавших участников",
    "losses written off": "списанные потери",
    "unexplained": "без объяснения",
}
