"""What ``pai wallet loan`` and ``pai wallet show`` say about credit."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # The commands.
    "Loans without interest: ask, answer for one, return it.": (
        "Ссуды без процентов: просить, поручаться, возвращать."
    ),
    "Ask for a loan; it waits for its guarantor and for the committee, or a vote.": (
        "Попросить ссуду; она ждёт поручителя и комитета или голосования."
    ),
    "Its term, periods (days).": "Срок, периодов (дней).",
    "Who shall answer for it.": "Кто за неё поручится.",
    "For how much; by default for all of it.": "На какую сумму; обычно на всю.",
    "After so many periods, so much of it is left; may be repeated.": (
        "Через столько периодов от неё остаётся столько; можно повторять."
    ),
    "Answer for a loan that names this account: you pay what the debtor does not.": (
        "Поручиться за ссуду, где назван этот счёт: вы платите то, чего не вернёт должник."
    ),
    "With this deposit, not with one's limit.": "Этим вкладом, а не своим лимитом.",
    "Return a loan before its term, once the balance does not need it.": (
        "Вернуть ссуду досрочно, когда остаток на ней больше не держится."
    ),
    "Grant a loan, as the credit committee.": "Выдать ссуду от имени кредитного комитета.",
    "Take back a loan that was asked for; as guarantor or committee, decline it.": (
        "Отозвать просьбу о ссуде; поручитель или комитет — отклонить её."
    ),
    "Pay a guarantor back who paid for you; without AMOUNT all of it.": (
        "Вернуть долг поручителю, который заплатил за вас; без суммы — весь."
    ),
    "List loans that concern this account: its own, those it answers for, or may grant.": (
        "Показать ссуды этого счёта, те, за которые он отвечает, и те, что он может выдать."
    ),
    "Everybody's loans.": "Ссуды всех.",
    "A pledge needs a guarantor: --guarantor WHO.": (
        "У поручительства должен быть поручитель: --guarantor КТО."
    ),
    "{text} is no step of a plan: write PERIODS=AMOUNT, as 30=50.": (
        "{text} — не шаг графика: напишите ПЕРИОДЫ=СУММА, например 30=50."
    ),
    # What is shown before a question.
    "Loan asked for by {name}": "{name} просит ссуду",
    "{name} answers for loan {loan}": "{name} ручается за ссуду {loan}",
    "{name} returns loan {loan}": "{name} возвращает ссуду {loan}",
    "{name} grants loan {loan}": "{name} выдаёт ссуду {loan}",
    "{name} drops loan {loan}": "{name} отклоняет или отзывает ссуду {loan}",
    "{name} pays a guarantor back": "{name} возвращает долг поручителю",
    "Term": "На срок",
    "Left after periods: {count}": "Останется через периодов: {count}",
    "What for": "На что",
    "Guarantor": "Поручитель",
    "Loan": "Ссуда",
    "May fall to": "Может опуститься до",
    "May fall to, once granted": "Сможет опуститься до, когда выдадут",
    "You answer for": "Вы отвечаете за",
    "With": "Чем",
    "your own limit": "собственным лимитом",
    "deposit {id}": "вкладом {id}",
    "The debtor may fall to": "Должник сможет опуститься до",
    "The debtor owes now": "Должник должен сейчас",
    "Of all loans": "Всех ссуд",
    "{granted} of at most {most} pai": "{granted} из не более чем {most} пая",
    "The committee may still grant": "Комитет может выдать ещё",
    "Owed": "Долг",
    # Lists.
    "Credit committee": "Кредитный комитет",
    "losses exceed what the reserve takes in: nothing is granted": (
        "потери превышают поступления в резерв: ссуды не выдаются"
    ),
    "No loans.": "Ссуд нет.",
    "asked for": "просят",
    "granted": "выдана",
    "term over, in grace": "срок вышел, отсрочка",
    "overdue": "просрочена",
    "{state}: {amount} pai missing": "{state}: не хватает {amount} пая",
    "{told}: has not consented": "{told}: согласия ещё нет",
    "Owed to a guarantor": "Долг поручителю",
    # Limits.
    "own limit {amount}": "собственный лимит {amount}",
    "loans {amount}": "ссуды {amount}",
    "pledged {amount}": "в поручительствах {amount}",
    "Of it used": "Из этого использовано",
    "Overdue": "Просрочено",
}
