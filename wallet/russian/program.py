"""What the program as a whole says: questions, usage errors, times."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # Said in several rooms.
    "{reason}": "{reason}",
    "{reason}.": "{reason}.",
    "yes": "да",
    "no": "нет",
    "pai": "пай",
    "keys": "ключи",
    "Community": "Сообщество",
    "Amount": "Сумма",
    "Deposit": "Вклад",
    "Seat": "Место",
    "{url} answered in a way this program does not understand: is it a node, of this version?": (
        "{url} отвечает не так, как понимает эта программа: это узел, и этой ли версии?"
    ),
    # Of wallet/words.py.
    "Refused with code {code}.": "Отклонено с кодом {code}.",
    "{n} day": ("{n} день", "{n} дня", "{n} дней"),
    "{n} hour": ("{n} час", "{n} часа", "{n} часов"),
    "{n} minute": ("{n} минута", "{n} минуты", "{n} минут"),
    "{n} second": ("{n} секунда", "{n} секунды", "{n} секунд"),
    # Of wallet/terminal.py.
    "A password is needed: run this in a terminal, or give --password-file FILE or PAI_PASSWORD.": (
        "Нужен пароль: запустите команду в терминале или задайте --password-file ФАЙЛ "
        "либо PAI_PASSWORD."
    ),
    "Nobody is here to say yes: add --yes to go on without asking.": (
        "Некому подтвердить: добавьте --yes, чтобы продолжить без вопроса."
    ),
    "Nobody is here to be asked: {question}": "Некого спросить: {question}",
    "[y/N]": "[д/Н]",
    "Declined: nothing was done.": "Отказ: ничего не сделано.",
    "Once more:": "Ещё раз:",
    "The two passwords differ: try again.": "Пароли не совпадают: попробуйте ещё раз.",
    "The password is empty: type at least one character.": (
        "Пароль пуст: введите хотя бы один знак."
    ),
    "The password file {path} cannot be read: {error}": (
        "Не удаётся прочитать файл пароля {path}: {error}"
    ),
    "The password file {path} is empty.": "Файл пароля {path} пуст.",
    # Of node/cli/usage.py.
    "Usage:": "Как вызвать:",
    "Options:": "Параметры:",
    "Commands:": "Команды:",
    "Positional arguments:": "Аргументы:",
    "[OPTIONS]": "[ПАРАМЕТРЫ]",
    "[required]": "[нужно]",
    "[default:": "[по умолчанию:",
    "TEXT": "ТЕКСТ",
    "FILE": "ФАЙЛ",
    "PATH": "ПУТЬ",
    "DIRECTORY": "ПАПКА",
    "DIR": "ПАПКА",
    "SECONDS": "СЕКУНДЫ",
    "NUMBER": "ЧИСЛО",
    "ADDRESS": "АДРЕС",
    "AMOUNT": "СУММА",
    "TIME": "ВРЕМЯ",
    "COMMAND [ARGUMENTS]...": "КОМАНДА [АРГУМЕНТЫ]...",
    "Show this message and exit.": "Показать эту справку и выйти.",
    "See '{command} --help'.": "Справка: «{command} --help».",
    "Answer as a table, or as one JSON document on stdout.": (
        "Ответ таблицей или одним документом JSON."
    ),
    "Language; by default that of the locale.": "Язык; по умолчанию — язык системы.",
    "Address of the node to ask; by default PAI_NODE.": (
        "Адрес узла, к которому обращаться; по умолчанию PAI_NODE."
    ),
    # Of node/cli/main.py.
    "A peer-to-peer ledger for local communities.": "Одноранговый реестр для местных сообществ.",
    "Run a whole community on this machine and watch it.": (
        "Запустить целое сообщество на этой машине и наблюдать за ним."
    ),
    "Found a community: its constitution.": "Основать сообщество: его устав.",
    "Run a server.": "Запустить сервер.",
    "Hold keys, pay, save.": "Хранить ключи, платить, копить.",
    "Take a seat among the servers that make blocks.": (
        "Занять место среди серверов, создающих блоки."
    ),
    "Replay a chain and report on it.": "Проиграть цепочку заново и дать по ней отчёт.",
    "Show the version and exit.": "Показать версию и выйти.",
    (
        "Print what makes a shell complete our commands.\n\n"
        'For bash, add to ~/.bashrc: eval "$(pai completion bash)"'
    ): (
        "Вывести сценарий, с которым оболочка дополняет наши команды.\n\n"
        'Для bash добавьте в ~/.bashrc: eval "$(pai completion bash)"'
    ),
    "Start without python -O: it removes the checks that guard money.": (
        "Запустите без python -O: он убирает проверки, которые охраняют деньги."
    ),
    "Another package named 'chain' stands before ours, at {path}: use an environment of its own "
    "for Pai.": (
        "Вместо нашего пакета «chain» найден чужой, {path}: дайте Pai отдельное окружение."
    ),
    "This is a fault of the program, not yours: {kind}: {text}. Set PAI_TRACEBACK=1, "
    "run it again, and report what it prints.": (
        "Это ошибка программы, а не ваша: {kind}: {text}. Задайте PAI_TRACEBACK=1, запустите ещё "
        "раз и сообщите, что она напечатает."
    ),
}
