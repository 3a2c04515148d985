"""What ``pai demo`` says."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # node/cli/demo.py
    (
        "Run a whole community on this machine and watch it.\n\n"
        "Servers are real processes that meet over libp2p; members are wallets that pay, earn and "
        "save in a village where money melts, and trade in chains that need next to none. It ends "
        "with Ctrl-C or after so many seconds: then all servers' chains are compared and replayed "
        "by an auditor. Ends with 7 unless all agree and nothing is found."
    ): (
        "Запустить целое сообщество на этой машине и наблюдать за ним.\n\n"
        "Серверы — настоящие процессы, они встречаются через libp2p; участники — кошельки, которые "
        "платят, зарабатывают и копят в деревне, где деньги тают, и меняются по цепочкам, которым "
        "деньги почти не нужны. Конец — по Ctrl-C или через заданное время: тогда цепочки всех "
        "серверов сравниваются, и аудитор повторяет их заново. "
        "Код выхода 7, если кто-то не согласен или что-то найдено."
    ),
    "Servers.": "Серверы.",
    "Members who trade; the first of them own the servers.": (
        "Участники, которые торгуют; первым из них принадлежат серверы."
    ),
    "How long, from the first block on; by default until Ctrl-C.": (
        "Сколько секунд от первого блока; по умолчанию до Ctrl-C."
    ),
    "Folder to keep the servers' homes in; by default they are removed at the end.": (
        "Папка, в которой останутся папки серверов; по умолчанию в конце они удаляются."
    ),
    "{folder} is not empty: choose another folder.": "{folder} не пуста: выберите другую папку.",
    "The village of Pai": "Деревня Паёвка",
    "A community of {nodes} servers and {members} members begins. Its id is {id}.": (
        "Начинается сообщество: серверов {nodes}, участников {members}. Его номер {id}."
    ),
    "A server answers at {url}": "Сервер отвечает по адресу {url}",
    "The servers' homes stay in {folder}.": "Папки серверов останутся в {folder}.",
    "The servers have stopped. An auditor replays every chain.": (
        "Серверы остановлены. Аудитор повторяет каждую цепочку."
    ),
    "Members stop trading; the end comes in a few seconds.": (
        "Участники заканчивают торговлю; через несколько секунд конец."
    ),
    "A server ended by itself, or made no block. Its last words: {words}": (
        "Сервер завершился сам или не сделал ни одного блока. Его последние слова: {words}"
    ),
    # node/cli/demo_live.py, and the line for a log
    "slot {slot}, period {period}, {time}": "слот {slot}, период {period}, {time}",
    "The end comes in a few seconds.": "Через несколько секунд конец.",
    "Ctrl-C ends it.": "Ctrl-C — закончить.",
    (
        "slot {slot}: heights {heights}; payments {payments}, velocity {velocity}, "
        "demurrage {demurrage}; chains {chains}, without money {share}"
    ): (
        "слот {slot}: высоты {heights}; платежей {payments}, скорость {velocity}, "
        "демередж {demurrage}; цепочек {chains}, без денег {share}"
    ),
    "in chains, pai": "по цепочкам, паи",
    "without money": "без денег",
    "All servers follow one chain.": "Все серверы следуют одной цепочке.",
    "Servers are catching up with each other.": "Серверы догоняют друг друга.",
    "server of": "чей сервер",
    "height": "высота",
    "slot": "слот",
    "head": "вершина",
    "peers": "соседи",
    "waiting": "ждут",
    "memory, MiB": "память, МиБ",
    "member": "участник",
    "trade": "занятие",
    "settlement": "расчётный счёт",
    "* has a server; its bond counts as savings": "* держит сервер; залог — в накоплениях",
    "And {n} more.": "И ещё {n}.",
    "Members": "Участники",
    "Servers": "Серверы",
    "final": "окончательно",
    "Money": "Деньги",
    "turnover, pai": "оборот, паи",
    "velocity a period": "скорость за период",
    "demurrage, pai": "демередж, паи",
    "Last trades": "Последние сделки",
    # node/cli/demo_view.py: the end
    "The community at its end": "Сообщество в конце",
    "First block after the servers' start, seconds": ("Первый блок после запуска серверов, секунд"),
    "Refused": "Отклонено",
    "Velocity a period": "Скорость за период",
    "Demurrage": "Демередж",
    "Chains of trades": "Цепочки обмена",
    "{found} found, {happened} happened": "найдено {found}, состоялось {happened}",
    "- of them delivered": "- из них поставлено",
    "- people in the longest": "- людей в самой длинной",
    "Consents beside standing orders": "Согласий сверх постоянных поручений",
    "All trade that needed no money": "Вся торговля, обошедшаяся без денег",
    "where it went": "куда он пошёл",
    "All servers hold the same block {height} with the same state root.": (
        "У всех серверов один и тот же блок {height} с одним корнем состояния."
    ),
    "The servers do not agree.": "Серверы не согласны друг с другом.",
    # node/cli/demo_view.py: people, trades and goods
    "Anna": "Анна",
    "Boris": "Борис",
    "Vera": "Вера",
    "Gleb": "Глеб",
    "Darya": "Дарья",
    "Yegor": "Егор",
    "Zhanna": "Жанна",
    "Ivan": "Иван",
    "Klara": "Клара",
    "Lev": "Лев",
    "Maria": "Мария",
    "Nikita": "Никита",
    "farmer": "фермер",
    "baker": "пекарь",
    "shopkeeper": "лавочник",
    "smith": "кузнец",
    "teacher": "учитель",
    "carpenter": "плотник",
    "miller": "мельник",
    "doctor": "врач",
    "shepherd": "пастух",
    "cook": "повар",
    "weaver": "ткач",
    "potter": "гончар",
    "grain": "зерно",
    "vegetables": "овощи",
    "flour": "мука",
    "bread": "хлеб",
    "bread for the shop": "хлеб для лавки",
    "groceries": "продукты",
    "tools": "инструменты",
    "horseshoes": "подковы",
    "lessons": "уроки",
    "furniture": "мебель",
    "repair of the roof": "ремонт крыши",
    "doctor's visit": "приём у врача",
    "cheese": "сыр",
    "wool": "шерсть",
    "dinner": "обед",
    "cloth": "ткань",
    "pots": "горшки",
    "wages": "зарплата",
    "food/vegetables": "еда/овощи",
    "food/bread": "еда/хлеб",
    "food/groceries": "еда/продукты",
    "home/tools": "дом/инструмент",
    "work/lesson": "труд/урок",
    "work/repair": "труд/ремонт",
    "food/flour": "еда/мука",
    "work/doctor": "труд/врач",
    "food/cheese": "еда/сыр",
    "food/dinner": "еда/обед",
    "home/cloth": "дом/ткань",
    "home/pot": "дом/горшок",
    "kg": "кг",
    "piece": "штука",
    "hour": "час",
    "m": "м",
}
