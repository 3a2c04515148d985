"""What ``pai wallet`` says about money: what is held, paid, saved, signed, and what came of it."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # Wallets and what they hold.
    "Wallet": "Кошелёк",
    "Name": "Имя",
    "Not yet certain": "Ещё не решено",
    "known after the first contact": "станет известен после первой связи с узлом",
    "{name} in {community}, {when}": "{name}, сообщество {community}, {when}",
    "This account does not exist yet: it is born when it first receives 1 pai or more, or when an "
    "authority attests its owner.": (
        "Этого счёта ещё нет: он появится, когда впервые получит 1 пай или больше или когда "
        "владельца удостоверит центр."
    ),
    "Settlement": "Расчётный счёт",
    "After the next period": "Через период",
    "{amount} pai in {duration}; demurrage {cost} pai": (
        "{amount} пая ({duration}); демередж {cost} пая"
    ),
    "Savings": "Накопления",
    "Can be spent": "Можно потратить",
    "Free units this period": "Бесплатных единиц в периоде",
    "Identified": "Личность удостоверена",
    "until {when}": "до {when}",
    "no: no free payments, but sending and receiving work": (
        "нет: бесплатных платежей нет, но платить и получать можно"
    ),
    "{amount} pai": "{amount} пая",
    "No.": "№",
    "Due": "Срок",
    "Then": "Потом",
    "Returned now": "Вернуть сейчас",
    "State": "Состояние",
    "to settlement": "на счёт",
    "again, periods: {count}": "ещё раз, периодов: {count}",
    "free": "свободен",
    "bond, to be released": "залог, освободится",
    "Transaction": "Транзакция",
    "Valid until": "Действует до",
    "in the chain": "в цепочке",
    "in a block": "в блоке",
    "waiting for a block": "ждёт блока",
    "outcome not known yet": "исход ещё не известен",
    "not executed: another transaction took its place": "не проведена: её место заняла другая",
    "executed or replaced, before this node began": "проведена или заменена до начала этого узла",
    "Transaction {id} was executed or replaced before this node began: ask another one.": (
        "Операция {id} проведена или заменена до того, как этот узел начал: спросите другой."
    ),
    "not executed: its time ran out": "не проведена: её срок истёк",
    # History.
    "History of {name}": "История кошелька {name}",
    (
        "This node does not tell what happened before {date}: it began with a snapshot. Ask "
        "another node for that."
    ): (
        "О том, что было до {date}, этот узел не расскажет: он начал со снимка. Спросите другой "
        "узел."
    ),
    "When": "Когда",
    "What": "Что",
    "Pai": "Паи",
    "Whom": "С кем",
    "Memo": "Назначение",
    "paid": "заплачено",
    "received": "получено",
    "saved": "отложено",
    "savings matured": "вклад созрел",
    "prolonged": "продлено",
    "savings returned": "вклад возвращён",
    "bond asked back": "залог запрошен обратно",
    "seat registered": "место зарегистрировано",
    "keys changed": "ключи сменены",
    "fee": "плата",
    # Paying and saving: what the person is asked.
    "Payment from {name}": "Платёж из кошелька {name}",
    "Payments from {name}, all or none": "Платежи из кошелька {name}: все или ни одного",
    "To": "Кому",
    "Its last characters": "Его последние знаки",
    "First payment": "Первый платёж",
    "you have not paid this account yet": "этому счёту вы ещё не платили",
    "New account": "Новый счёт",
    "{whom} has never received anything: the payment brings it to life": (
        "{whom} ещё ничего не получал: платёж создаст этот счёт"
    ),
    "Fee": "Плата",
    "none ({units} of the free ones)": "нет ({units} из бесплатных)",
    "{amount} pai at most ({units})": "не больше {amount} пая ({units})",
    "{n} unit": ("{n} единица", "{n} единицы", "{n} единиц"),
    "Settlement now": "На счёте сейчас",
    "Settlement afterwards": "На счёте останется",
    "Go on?": "Продолжить?",
    "Savings from {name}": "Вклад из кошелька {name}",
    "Until then": "До тех пор",
    "no demurrage; returned early, it bears what it would have borne": (
        "без демереджа; при возврате до срока вычтется тот, что был бы на счёте"
    ),
    "Prolong deposit {id} of {name}": "Продлить вклад {id} кошелька {name}",
    "returns to settlement": "вернётся на расчётный счёт",
    "Return deposit {id} of {name} early": "Вернуть до срока вклад {id} кошелька {name}",
    "Demurrage since it was saved": "Демередж со дня вклада",
    "Returns to settlement": "Вернётся на счёт",
    "Say whom to pay and how much, or give --file FILE.": (
        "Скажите, кому и сколько заплатить, или задайте --file ФАЙЛ."
    ),
    "Say how much to pay.": "Скажите, сколько заплатить.",
    (
        "{text} is neither an address nor a name in the address book: 'pai wallet contacts add' "
        "notes one."
    ): ("{text} — не адрес и не имя из записной книжки: записать — «pai wallet contacts add»."),
    (
        "{text} is the name of a wallet here and of somebody else in the address book: give the "
        "address."
    ): ("{text} — имя и здешнего кошелька, и кого-то другого в записной книжке: укажите адрес."),
    "An amount must be above zero: {text} is not.": (
        "Сумма должна быть больше нуля, а {text} — нет."
    ),
    "This memo cannot be sent: {reason}.": "Такое назначение не отправить: {reason}.",
    "At most {count} payments fit one transaction: make several files.": (
        "В одну транзакцию помещается не больше {count} платежей: сделайте несколько файлов."
    ),
    "The payments with their memos are more than {count} bytes: make several files.": (
        "Платежи с назначениями — больше {count} байтов: сделайте несколько файлов."
    ),
    # Payment requests.
    "This request cannot be read: {reason}.": ("Этот запрос не прочитать: {reason}."),
    "This request is too long.": "Этот запрос слишком длинный.",
    "This request says something twice.": "Этот запрос говорит что-то дважды.",
    "This request is of another community ({id}); this wallet belongs to {name}.": (
        "Этот запрос — другого сообщества ({id}); кошелёк принадлежит {name}."
    ),
    (
        "The request asks for {asked} pai, and you wrote {amount}: leave the amount out, or pay "
        "the address."
    ): (
        "Запрос просит {asked} пая, а вы написали {amount}: не указывайте сумму или платите на "
        "адрес."
    ),
    # Files of payments.
    "{path} is not UTF-8 text: save the table as CSV in UTF-8.": (
        "{path} — не текст UTF-8: сохраните таблицу как CSV в UTF-8."
    ),
    "{path} is too long for one transaction.": "{path} слишком длинный для одной транзакции.",
    "{path} holds no payment.": "В {path} нет ни одного платежа.",
    "Line {number} of the file is not CSV.": "Строка {number} файла — не CSV.",
    "Line {number} of the file is not: address,amount,memo (the memo may be left out).": (
        "Строка {number} файла — не «адрес,сумма,назначение» (назначение можно опустить)."
    ),
    "Line {number}: {reason}.": "Строка {number}: {reason}.",
    "Line {number}: an amount must be above zero.": (
        "Строка {number}: сумма должна быть больше нуля."
    ),
    # The address book.
    "A contact's name has 1 to {count} visible characters and no colon.": (
        "В имени от 1 до {count} видимых знаков, без двоеточия."
    ),
    "A contact's name must not look like an address.": "Имя не должно быть похоже на адрес.",
    "The address book is full: remove somebody first.": (
        "Записная книжка полна: сначала удалите кого-нибудь."
    ),
    "There is nobody called {name} in the address book.": "В записной книжке нет имени {name}.",
    "{name} is {address}.": "{name} — {address}.",
    "{name} is forgotten.": "{name}: имя забыто.",
    # What became of it.
    (
        "Transaction {id} is signed, and its outcome is not known yet. Do not enter it again: "
        "the wallet finds out with its next command, and sends the same one again if it was lost."
    ): (
        "Транзакция {id} подписана, и её исход ещё не известен. Не вводите её снова: кошелёк "
        "узнает исход при следующей команде и пошлёт ту же самую ещё раз, если она потерялась."
    ),
    "Transaction {id}, sent earlier, is in block {height}.": (
        "Транзакция {id}, отправленная раньше, — в блоке {height}."
    ),
    (
        "The node's clock is {minutes} minutes ahead of this machine's: set the clock, or name "
        "another node with --node."
    ): (
        "Часы узла спешат относительно этого компьютера на столько минут: {minutes}. Поставьте "
        "часы или назовите другой узел через --node."
    ),
    (
        "Transaction {id} was not executed: its time ran out. Nothing was paid; it is safe to "
        "enter it again."
    ): (
        "Транзакция {id} не проведена: её срок истёк. Ничего не заплачено; можно спокойно ввести "
        "её снова."
    ),
    (
        "Transaction {id} was not executed: another one from this account took its place. Look "
        "at the history before you enter it again."
    ): (
        "Транзакция {id} не проведена: её место заняла другая с этого же счёта. Посмотрите "
        "историю, прежде чем вводить её снова."
    ),
    (
        "Transaction {id} has not been executed, and this node does not take it now; it will be "
        "certain at {when}."
    ): (
        "Транзакция {id} ещё не проведена, и этот узел её сейчас не берёт; исход станет известен "
        "{when}."
    ),
    "{count} transactions of this wallet are waiting for a block: try again when it came.": (
        "Блока ждут транзакции этого кошелька, их {count}: попробуйте снова, когда он придёт."
    ),
    # Keys and several signers.
    "Key": "Ключ",
    "Keys": "Ключи",
    "Whose": "Чей",
    "this wallet's": "этого кошелька",
    "{name}: {needed} of {count} keys must sign.": (
        "{name}: ключей {count}, подписей нужно {needed}."
    ),
    "{needed} of {count} must sign": "ключей {count}, подписей нужно {needed}",
    "The ledger learns this key with the account's first payment.": (
        "Реестр узнает этот ключ с первым платежом счёта."
    ),
    "None of them is this wallet's; its own key is {key}": (
        "Ключа этого кошелька среди них нет; его собственный ключ {key}"
    ),
    "Other keys for {name}": "Другие ключи для {name}",
    "New words": "Новые слова",
    "Write down": "Запишите",
    "these words and the address; the old words will no longer do": (
        "эти слова и адрес; прежние слова больше не подойдут"
    ),
    "The wallet holds none of the account's present keys.": (
        "В кошельке нет ни одного из нынешних ключей счёта."
    ),
    (
        "{text} is not a public key: it has {count} hexadecimal digits, as 'pai wallet keys "
        "show' prints it."
    ): (
        "{text} — не открытый ключ: в нём {count} шестнадцатеричных цифр, как его печатает «pai "
        "wallet keys show»."
    ),
    "An account has at most {count} keys.": "У счёта не больше {count} ключей.",
    "{needed} signatures cannot come from {count} keys.": (
        "Подписей нужно {needed}, а ключей только {count}."
    ),
    "No key of this wallet belongs to the account: restore it from the words that do.": (
        "Ни один ключ этого кошелька не от этого счёта: восстановите его по тем словам, которые "
        "от него."
    ),
    (
        "The account's keys were changed, and this wallet holds none of the present ones: "
        "restore it from the newer words."
    ): ("Ключи счёта сменили, и нынешних в этом кошельке нет: восстановите его по новым словам."),
    "The account's keys have changed meanwhile: run the command again.": (
        "Ключи счёта тем временем изменились: выполните команду ещё раз."
    ),
    (
        "The account asks for {needed} signatures and this wallet has {owned} of the keys: write "
        "the transaction into a file for the others with --out FILE."
    ): (
        "Счёту нужно подписей: {needed}, а ключей в этом кошельке: {owned}. Запишите транзакцию "
        "в файл для остальных: --out ФАЙЛ."
    ),
    (
        "Written to {path}; signatures still needed: {count}; valid until {when}. The others "
        "sign with 'pai wallet sign', then anybody of you sends it with 'pai wallet send'."
    ): (
        "Записано в {path}; ещё нужно подписей: {count}; действует до {when}. Остальные "
        "подписывают командой «pai wallet sign», потом любой из вас отправляет командой «pai "
        "wallet send»."
    ),
    "Transaction of {name}": "Транзакция кошелька {name}",
    "Signatures still needed": "Ещё нужно подписей",
    "{amount} pai at most": "не больше {amount} пая",
    "Sign it?": "Подписать?",
    "Send it?": "Отправить?",
    "Signed. Signatures still needed: {count}.": "Подписано. Ещё нужно подписей: {count}.",
    "Signatures still needed before this can be sent: {count}.": (
        "Прежде чем отправить, нужно ещё подписей: {count}."
    ),
    "None of the keys that may sign this is in the wallet.": (
        "В кошельке нет ключа, который может это подписать."
    ),
    "{path} is not a partly signed transaction.": "{path} — не частично подписанная транзакция.",
    "{path} belongs to another community.": "{path} принадлежит другому сообществу.",
    "{path} acts for another account, and a wallet of that account has to send it. If you have "
    "none: pai wallet new NAME --address {address}": (
        "{path} распоряжается другим счётом: отправить это должен кошелёк того счёта. Если его у "
        "вас нет: pai wallet new ИМЯ --address {address}"
    ),
    "pay {amount} to {whom} {memo}": "заплатить {amount}: {whom} {memo}",
    "save {amount} for periods: {count}": "отложить {amount} на периодов: {count}",
    "prolong deposit {id} for periods: {count}": "продлить вклад {id} на периодов: {count}",
    "return {amount} of deposit {id} early": "вернуть до срока {amount} из вклада {id}",
    "state the account's keys: {needed} of {count_keys}": (
        "назвать ключи счёта: {needed} из {count_keys}"
    ),
    "give the account other keys: {needed} of {count_keys}": (
        "дать счёту другие ключи: {needed} из {count_keys}"
    ),
    "register a seat": "зарегистрировать место",
    "bond {amount} of deposit {id} to the seat": "отдать в залог за место {amount} из вклада {id}",
    "ask deposit {id} back from the seat": "запросить вклад {id} из залога обратно",
}
