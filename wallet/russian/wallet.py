"""What ``pai wallet`` says about itself: commands, files, words on paper, the node it asks."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # Commands and options.
    "Make a wallet, and show the 24 words that bring it back.": (
        "Создать кошелёк и показать 24 слова, которые его вернут."
    ),
    "Make a key for this account, which others already hold, instead of a new account.": (
        "Создать ключ к этому счёту, которым уже владеют другие, а не новый счёт."
    ),
    "Language of the 24 words; by default that of the program. Both restore the wallet.": (
        "Язык 24 слов; по умолчанию язык программы. Кошелёк возвращают слова на любом из двух."
    ),
    "Bring a wallet back from its 24 words.": "Вернуть кошелёк по его 24 словам.",
    "Read the 24 words from this file; - reads them from standard input.": (
        "Прочитать 24 слова из этого файла; - читает их со стандартного ввода."
    ),
    "The account, when these are words that it was given later by 'keys change'.": (
        "Счёт, если эти слова получены им позже, командой «keys change»."
    ),
    "List the wallets of the folder; no password is needed.": (
        "Перечислить кошельки папки; пароль не нужен."
    ),
    "Show the 24 words again, after the password.": "Показать 24 слова ещё раз, после пароля.",
    "Ask to be paid: a text and a QR code for whoever is to pay.": (
        "Попросить об оплате: строка и QR-код для того, кто заплатит."
    ),
    "What it is for, at most 140 bytes.": "Назначение, не больше 140 байтов (70 русских букв).",
    "Only the text, no QR code.": "Только строка, без QR-кода.",
    "The address book: names to pay by.": "Записная книжка: имена, по которым платят.",
    "List the address book.": "Показать записную книжку.",
    "Note an address, or that of @NAME as it is today, under a name.": (
        "Записать под именем адрес или сегодняшний адрес @ИМЕНИ."
    ),
    "Forget a name.": "Забыть имя.",
    "Show what a wallet holds now, and what the next period will cost.": (
        "Показать, что в кошельке сейчас и во что обойдётся следующий период."
    ),
    "What it is for, at most 140 bytes; everybody can read it.": (
        "Назначение, не больше 140 байтов (70 русских букв); его может прочитать каждый."
    ),
    "Pay everybody in this CSV file (address,amount,memo), all or nobody.": (
        "Заплатить всем из этого файла CSV (адрес,сумма,назначение): всем или никому."
    ),
    "Show what happened to a wallet's money, newest first.": (
        "Показать, что было с деньгами кошелька, начиная с последнего."
    ),
    "How many entries, newest first.": "Сколько записей, начиная с последней.",
    "Write CSV, for a spreadsheet.": "Вывести CSV, для электронной таблицы.",
    "Put money away for a term: no demurrage, and no paying with it.": (
        "Отложить деньги на срок: без демереджа, но и платить ими нельзя."
    ),
    "For how many periods (days).": "На сколько периодов (дней).",
    "Let savings begin another term when theirs ends.": (
        "Пусть вклад по окончании срока начнёт новый."
    ),
    "How many periods more, when the term ends; 0 takes that back.": (
        "На сколько ещё периодов, когда срок кончится; 0 отменяет продление."
    ),
    "Return savings before their term, whole or in part, at the price of their demurrage.": (
        "Вернуть вклад до срока, целиком или частью, ценой его демереджа."
    ),
    "Who may act for an account: its keys.": "Кто распоряжается счётом: его ключи.",
    "Show the account's keys, and which of them are this wallet's.": (
        "Показать ключи счёта и какие из них — этого кошелька."
    ),
    "Give the account other keys: a fresh one for this wallet, and those of others.": (
        "Дать счёту другие ключи: новый для этого кошелька и ключи других людей."
    ),
    "Keep this wallet's present key: no new words.": (
        "Оставить этому кошельку нынешний ключ: без новых слов."
    ),
    "How many of the keys have to sign.": "Сколько ключей должны подписать.",
    "Somebody else's public key; may be given several times.": (
        "Чужой открытый ключ; можно указать несколько раз."
    ),
    "Send a transaction that everybody who has to has signed.": (
        "Отправить транзакцию, которую подписали все, кто должен."
    ),
    "Folder of the wallets; by default PAI_WALLETS, else ~/.pai/wallets.": (
        "Папка кошельков; по умолчанию PAI_WALLETS, иначе ~/.pai/wallets."
    ),
    "Read the password from this file; else from PAI_PASSWORD, else it is asked for.": (
        "Прочитать пароль из этого файла; иначе из PAI_PASSWORD, иначе его спросят."
    ),
    "Do not ask, go on.": "Не спрашивать, продолжать.",
    "Do not send: write the transaction to this file, for others to sign.": (
        "Не отправлять: записать транзакцию в этот файл, чтобы её подписали другие."
    ),
    # Files and passwords.
    "{name} cannot be a wallet's name: take letters, digits, '-', '_' and '.', at most 64.": (
        "{name} не годится в имена кошелька: берите буквы, цифры, «-», «_» и «.», не больше 64."
    ),
    "The folder {path} cannot be used: {reason}.": (
        "Папкой {path} нельзя воспользоваться: {reason}."
    ),
    "Others may write into {path}, where your wallets are: run chmod 700 {path}": (
        "Другие могут писать в {path}, где ваши кошельки: выполните chmod 700 {path}"
    ),
    "{path} could be read by others, or is not yours: run chmod 600 {path}": (
        "{path} могли прочитать другие, или файл не ваш: выполните chmod 600 {path}"
    ),
    "{path} is not a file.": "{path} — не файл.",
    "{path} is not a text in UTF-8.": "{path} — не текст в UTF-8.",
    "{path} cannot be read: {reason}.": "Не удаётся прочитать {path}: {reason}.",
    "{path} cannot be written: {reason}.": "Не удаётся записать {path}: {reason}.",
    "{path} exists already and is left as it is: take another name.": (
        "{path} уже есть и остаётся как был: возьмите другое имя."
    ),
    "{path} is damaged: put a copy of it back, or restore the wallet from its 24 words.": (
        "{path} повреждён: верните его копию или восстановите кошелёк по 24 словам."
    ),
    "{path} was written by a newer version of this program.": (
        "{path} записан более новой версией этой программы."
    ),
    "Another command is at work on this wallet: wait until it has ended.": (
        "С этим кошельком работает другая команда: подождите, пока она закончит."
    ),
    "There is no wallet {name} in {path}: 'pai wallet list' shows which there are.": (
        "Кошелька {name} в {path} нет: какие есть, покажет «pai wallet list»."
    ),
    "No wallets in {path} yet: 'pai wallet new NAME' makes one.": (
        "В {path} ещё нет кошельков: создать — «pai wallet new ИМЯ»."
    ),
    "Which wallet? There are: {names}.": "Какой кошелёк? Есть: {names}.",
    "Password of the wallet {name}:": "Пароль кошелька {name}:",
    "A password for the wallet {name}, at least {count} characters:": (
        "Придумайте пароль для кошелька {name}, не короче {count} знаков:"
    ),
    "This is not the password of the wallet {name}.": "Это не пароль кошелька {name}.",
    "The password is too short: at least {count} characters; several words are best.": (
        "Пароль слишком короткий: не меньше {count} знаков; лучше всего несколько слов."
    ),
    "The password needs {size} MiB of memory to be checked: close other programs.": (
        "Для проверки пароля нужно {size} МиБ памяти: закройте другие программы."
    ),
    # The 24 words.
    (
        "Wallet {name} is made. Write these words on paper, in order, and keep them where nobody "
        "else sees them: whoever has them has the money, and without them it is lost when this "
        "machine is."
    ): (
        "Кошелёк {name} создан. Запишите эти слова на бумаге, по порядку, и храните там, где их "
        "никто не увидит: у кого слова, у того деньги, а без них деньги пропадут вместе с этой "
        "машиной."
    ),
    "To be sure: which is word number {number}?": "Для верности: какое слово под номером {number}?",
    "Right.": "Верно.",
    "That is not what stands there: compare with the words above.": (
        "Там стоит другое: сверьте со словами выше."
    ),
    "The wallet is made. 'pai wallet backup {name}' shows its words again.": (
        "Кошелёк создан. «pai wallet backup {name}» покажет его слова ещё раз."
    ),
    "The 24 words, in order:": "24 слова, по порядку:",
    "Wallet {name} is restored.": "Кошелёк {name} восстановлен.",
    "This is too long to be {count} words.": "Это слишком длинно для {count} слов.",
    "A backup phrase has {count} words, these are {found}.": (
        "В фразе должно быть {count} слова, а здесь: {found}."
    ),
    "Word {number}, '{word}', is not in the list of words.": (
        "Слова {number}, «{word}», нет в списке слов."
    ),
    "Word {number}, '{word}', is not in the list of words. Similar ones: {similar}.": (
        "Слова {number}, «{word}», нет в списке слов. Похожие: {similar}."
    ),
    (
        "Each word is in the list, but together they do not fit their checksum: a word is "
        "another one, or two have changed places."
    ): (
        "Каждое слово есть в списке, но вместе они не сходятся с контрольной суммой: какое-то "
        "слово не то, или два поменялись местами."
    ),
    "Note": "Заметьте",
    "write the address beside the words: restoring will ask for it": (
        "запишите адрес рядом со словами: он понадобится при восстановлении"
    ),
    (
        "The keys were changed, and no node can say whether that was executed: write down all of "
        "these. The last are the newest."
    ): (
        "Ключи меняли, и ни один узел не может сказать, проведена ли замена: запишите все эти "
        "слова. Последние — самые новые."
    ),
    # The community and the node.
    (
        "These wallets now belong to the community {name}. Its id is {id}: compare it with what "
        "the community has published."
    ): (
        "Теперь эти кошельки принадлежат сообществу {name}. Его номер {id}: сверьте с тем, "
        "который сообщество опубликовало."
    ),
    (
        "The node at {url} serves the community {other} ({other_id}); the wallets in {folder} "
        "belong to {name} ({id}). Name one of its nodes with --node, or another folder with "
        "--wallets."
    ): (
        "Узел {url} служит сообществу {other} ({other_id}), а кошельки в {folder} принадлежат "
        "{name} ({id}). Назовите его узел через --node или другую папку через --wallets."
    ),
    "{url} does not describe a community: is it a node?": (
        "{url} не описывает сообщества: узел ли это?"
    ),
    "{url} is not the address of a node: it looks like {example}": (
        "{url} — не адрес узла: он похож на {example}"
    ),
    "No node answers at {url}: start one, or name another with --node URL.": (
        "По адресу {url} узел не отвечает: запустите его или назовите другой через --node URL."
    ),
    "The node at {url} did not answer in time: try again, or name another with --node URL.": (
        "Узел {url} не ответил вовремя: попробуйте ещё раз или назовите другой через --node URL."
    ),
    "The connection to {url} broke: try again, or name another node with --node URL.": (
        "Связь с {url} оборвалась: попробуйте ещё раз или назовите другой узел через --node URL."
    ),
    ("{url} answered with HTTP status {status} and no reason: is it a node? Look at --node URL."): (
        "{url} ответил кодом HTTP {status} без объяснения: узел ли это? Проверьте --node URL."
    ),
    "The node at {url} cannot answer now: {message}": (
        "Узел {url} не может сейчас ответить: {message}"
    ),
    "The node cannot do anything with this: {detail} [{name}]": (
        "Узел не может этого понять: {detail} [{name}]"
    ),
    "The node knows of no such thing: {detail} [{name}]": "Узел такого не знает: {detail} [{name}]",
    "The node refused: {message} {detail} [{name}]": "Узел отказал: {message} {detail} [{name}]",
    "The node is still catching up: what it shows is as of {when}.": (
        "Узел ещё догоняет сеть: он показывает состояние на {when}."
    ),
}
