"""What is said about obligations and set-off: invoices, windows, what is lent, refusals."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # The command line.
    "Owe and be owed; let debts be set off.": "Счета к оплате: долги и их взаимозачёт.",
    "Show what a wallet owes, is owed, and is asked to owe.": (
        "Показать, что кошелёк должен, что должны ему и какие счета ему выставлены."
    ),
    "Offer somebody an invoice; it binds when it is accepted.": (
        "Выставить счёт; он обязывает, когда принят."
    ),
    "In how many periods (days) it is due.": "Через сколько периодов (дней) срок оплаты.",
    "What it is for.": "За что.",
    "A list of what was delivered; its hash goes into the invoice.": (
        "Список поставленного; в счёт войдёт его хеш."
    ),
    "Do not let it be set off.": "Не допускать к взаимозачёту.",
    "Accept an invoice: from then on it is owed.": "Принять счёт: с этого момента это долг.",
    "Decline an invoice, or take back one's own.": "Отклонить счёт или отозвать свой.",
    "Pay an invoice, or a part of it; one may pay for somebody else.": (
        "Оплатить счёт или часть его; можно и за другого."
    ),
    "Let the debtor off, wholly or in part.": "Простить долг, весь или часть.",
    "Hand an invoice over to somebody, if the debtor consents; without WHOM take that back.": (
        "Передать счёт другому, если должник согласен; без WHOM — отменить передачу."
    ),
    "Consent to owe an invoice to the creditor whom its creditor has named.": (
        "Согласиться платить по счёту тому, кого назвал кредитор."
    ),
    "Let an invoice be set off (on), or not any more (off); it takes both sides.": (
        "Допустить счёт к взаимозачёту (on) или больше не допускать (off); нужны обе стороны."
    ),
    "Lend so much to every set-off, so that more of your debts are cleared; 0 ends it.": (
        "Давать столько на каждый взаимозачёт, чтобы закрыть больше ваших долгов; 0 — перестать."
    ),
    "Invoices of {name}": "Счета к оплате: {name}",
    "Side": "Сторона",
    "Reference": "За что",
    "you owe": "вы должны",
    "owed to you": "должны вам",
    "You owe": "Вы должны",
    "not delivered": "не поставлено",
    "disputed until {date}": "спорный до {date}",
    "For delivery": "За поставку",
    "Owed to you": "Должны вам",
    "You lend to set-off": "Вы даёте на взаимозачёт",
    "Put aside for it now": "Сейчас отложено на него",
    "offered": "выставлен",
    "accepted": "принят",
    "being set off": "идёт взаимозачёт",
    "{state}, may be set off": "{state}, допущен к взаимозачёту",
    "{date}, late": "{date}, просрочен",
    "Invoice from {name}": "Счёт от {name}",
    "Accept invoice {number}": "Принять счёт {number}",
    "Decline invoice {number}": "Отклонить счёт {number}",
    "Pay invoice {number}": "Оплатить счёт {number}",
    "Write invoice {number} down": "Простить долг по счёту {number}",
    "Hand invoice {number} over": "Передать счёт {number}",
    "Owe invoice {number} to somebody else": "Платить по счёту {number} другому",
    "Set-off of invoice {number}": "Взаимозачёт счёта {number}",
    "Lend to set-off from {name}": "На взаимозачёт от {name}",
    "Debtor": "Должник",
    "Creditor": "Кредитор",
    "New creditor": "Новый кредитор",
    "Still open": "Осталось",
    "Set-off": "Взаимозачёт",
    "To pay": "К оплате",
    "To let off": "Простить",
    "What that means": "Что это значит",
    "allowed: it may be paid by what others owe, without asking again": (
        "разрешён: долг могут закрыть встречные долги, без нового вопроса"
    ),
    "not allowed": "не разрешён",
    "during a set-off it lies aside; what is used of it has paid your debts, the rest comes back": (
        "на время взаимозачёта они отложены; что использовано — оплатило ваши долги, остальное "
        "вернётся"
    ),
    "There is no invoice {number}, or it is closed.": "Счёта {number} нет, или он закрыт.",
    "No other creditor is named for invoice {number}.": (
        "По счёту {number} другой кредитор не назван."
    ),
    "This reference cannot be sent: {reason}.": "Такую подпись к счёту нельзя отправить: {reason}.",
    "{path} is too large.": "Файл {path} слишком велик.",
    # What an action does, for whoever signs it.
    "offer {debtor} an invoice of {amount} {reference}": (
        "выставить {debtor} счёт на {amount} {reference}"
    ),
    "owe {creditor} {amount} by invoice {obligation}; {clearable}": (
        "быть должным {creditor} {amount} по счёту {obligation}; {clearable}"
    ),
    "decline invoice {obligation}, or take it back": "отклонить счёт {obligation} или отозвать его",
    "pay {amount} of invoice {obligation} to {creditor}": (
        "заплатить {amount} по счёту {obligation}, получатель {creditor}"
    ),
    "let {debtor} off {amount} of invoice {obligation}": (
        "простить {debtor} {amount} по счёту {obligation}"
    ),
    "hand invoice {obligation} over to {heir}": "передать счёт {obligation}: {heir}",
    "owe invoice {obligation} to {heir} from now on": (
        "платить по счёту {obligation} новому кредитору: {heir}"
    ),
    "invoice {obligation}: {clearable}": "счёт {obligation}: {clearable}",
    "may be set off": "допущен к взаимозачёту",
    "is not set off": "не допущен к взаимозачёту",
    "lend {amount} to every set-off": "давать {amount} на каждый взаимозачёт",
    # Histories.
    "invoice offered": "счёт выставлен",
    "invoice received": "счёт получен",
    "invoice accepted": "счёт принят",
    "owed to this account": "долг этому счёту",
    "invoice declined or taken back": "счёт отклонён или отозван",
    "invoice without an answer": "счёт без ответа",
    "debtor let off": "долг прощён",
    "let off by the creditor": "кредитор простил долг",
    "other creditor named": "назван другой кредитор",
    "owed to another creditor": "долг другому кредитору",
    "debt set off": "долг зачтён",
    "claim set off": "требование зачтено",
    "lends to set-off": "даёт на взаимозачёт",
    "put aside for set-off": "отложено на взаимозачёт",
    "came back from set-off": "вернулось после взаимозачёта",
    "got by set-off": "получено взаимозачётом",
    # The audit.
    "Set-offs: debts paid by each other": "Взаимозачёты: долги оплачены долгами",
    "Also write the table of set-offs there.": "Записать туда и таблицу взаимозачётов.",
    "The table of set-offs is in {file}.": "Таблица взаимозачётов — в {file}.",
    "block": "блок",
    "invoices": "счетов",
    "cleared": "зачтено",
    "money used": "денег ушло",
    "money saved": "денег не понадобилось",
    "people in a circle": "людей в круге",
    # Refusals.
    "There is no such obligation, or it is closed.": "Такого долга нет, или он закрыт.",
    "Nobody can owe himself something.": "Нельзя быть должным самому себе.",
    "One obligation cannot be so large; divide it into several.": (
        "Один долг не может быть так велик; разделите его на несколько."
    ),
    "The account has as many obligations open as it may have at once.": (
        "У счёта уже столько открытых долгов, сколько можно иметь сразу."
    ),
    "This cannot be done with an obligation in its present state.": (
        "С долгом в его нынешнем состоянии этого сделать нельзя."
    ),
    "Only the other side of the obligation may do this.": "Это может только другая сторона долга.",
    "The obligation of this number is another: the other side or the amount differs.": (
        "Под этим номером другой долг: не та сторона или не та сумма."
    ),
    "Less than this remains of the obligation.": "От долга осталось меньше.",
    "The offer was not answered in time, and is declined by silence.": (
        "На счёт не ответили вовремя: он отклонён молчанием."
    ),
    "The creditor has named no other creditor, or another one.": (
        "Кредитор никого не назвал или назвал другого."
    ),
    "The set-off's certificate is not in its one form.": (
        "Свидетельство взаимозачёта записано не в единственной своей форме."
    ),
    "More debts, or larger ones, than a set-off can take.": (
        "Долгов больше, или они крупнее, чем вмещает взаимозачёт."
    ),
    "The set-off is not optimal: what its potentials force does not balance.": (
        "Взаимозачёт не наилучший: то, что следует из его потенциалов, не сходится."
    ),
    "The obligation is being set off; it can be changed when the window is over.": (
        "Идёт взаимозачёт этого долга; изменить его можно, когда окно закроется."
    ),
    "No window for a set-off is open.": "Окно взаимозачёта не открыто.",
    "The set-off is for another interval.": "Взаимозачёт относится к другому промежутку.",
    "As many lend to set-off as there can be at once.": (
        "На взаимозачёт дают уже столько участников, сколько может быть сразу."
    ),
    "The account cannot spend as much as it wants to lend to set-off, or lends too much.": (
        "Счёт не может потратить столько, сколько хочет дать на взаимозачёт, или даёт слишком "
        "много."
    ),
}
SENTENCES: Final[dict[str, str]] = {
    "a negative capacity": "отрицательная пропускная способность",
    "a number is not in its shortest form": "число записано не в кратчайшей форме",
    "a part is more than nothing and less than all": "часть больше нуля и меньше целого",
    "an arc is empty, full or partly filled": "дуга пуста, полна или заполнена частью",
    "it can spend {0}": "он может потратить {0}",
    "number {0}": "номер {0}",
    "spare bits are not zero": "лишние биты не равны нулю",
    "the debtor has none": "у должника его нет",
    "the least potential is 0, all are below 2^62": ("наименьший потенциал — 0, все меньше 2^62"),
    "the other creditor has none": "у другого кредитора его нет",
    "the sum of all debts": "сумма всех долгов",
    "{0} accounts": "счетов: {0}",
    "{0} bytes of clearing": "байтов взаимозачёта: {0}",
    "{0} bytes of codes for {1} arcs": "байтов кода: {0}, дуг: {1}",
    "{0} debts of {1} accounts": "долгов: {0}, счетов: {1}",
    "{0} numbers, expected {1}": "чисел: {0}, ожидалось: {1}",
}
