"""What is said about credit: loans, guarantors, the committee, and why something was refused."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # What an action does, for whoever signs it.
    "ask for a loan of {amount} for periods: {count}": (
        "попросить ссуду {amount}, периодов: {count}"
    ),
    "answer for loan {loan}": "поручиться за ссуду {loan}",
    "grant loan {loan}": "выдать ссуду {loan}",
    "take back or decline loan {loan}": "отозвать или отклонить ссуду {loan}",
    "return loan {loan} before its term": "вернуть ссуду {loan} досрочно",
    "pay a guarantor back {amount}": "вернуть поручителю {amount}",
    "secures a loan": "обеспечивает ссуду",
    "loan": "ссуда",
    # Refusals.
    "There is no such loan.": "Такой ссуды нет.",
    "The loan is granted already.": "Ссуда уже выдана.",
    "The loan is not running.": "Ссуда не действует.",
    "The loan's amount, term, plan or pledge does not fit the rules of loans.": (
        "Сумма, срок, график или поручительство не отвечают правилам ссуд."
    ),
    "The account has as many loans and claims against it as the rules admit.": (
        "У счёта столько ссуд и долгов поручителям, сколько допускают правила."
    ),
    "Too many loans fall due on one day: choose another term.": (
        "На один день приходится слишком много ссуд: выберите другой срок."
    ),
    "Nobody is his own guarantor.": "Нельзя поручиться за самого себя.",
    "The loan names another guarantor, or none.": (
        "В ссуде назван другой поручитель или не назван никакой."
    ),
    "The guarantor answers for this loan already.": "Поручитель уже поручился за эту ссуду.",
    "What is pledged must be covered by a deposit or an unused limit of one's own.": (
        "Поручительство покрывают вкладом или неиспользованным собственным лимитом."
    ),
    "Only the credit committee of this community grants loans.": (
        "Ссуды выдаёт только кредитный комитет сообщества."
    ),
    "The guarantor has not consented yet.": "Поручитель ещё не дал согласия.",
    "Savings and reserve do not carry more loans: the rules lend out only a part of them.": (
        "Накопления и резерв больше ссуд не вмещают: в ссуды идёт только часть их."
    ),
    "The committee has granted what it may in these 28 periods: ask for a vote.": (
        "Комитет выдал всё, что может за эти 28 периодов: вынесите вопрос на голосование."
    ),
    "The committee may not grant that much to one member: ask for a vote.": (
        "Столько одному участнику комитет выдать не может: вынесите вопрос на голосование."
    ),
    "Losses exceed what the reserve takes in: nothing is granted until they do not.": (
        "Потери превышают поступления в резерв: пока это так, ссуды не выдаются."
    ),
    "The loan is somebody else's.": "Это чужая ссуда.",
    "The balance needs the loan: receive first, then return it.": (
        "Остаток держится на этой ссуде: сначала получите деньги, потом верните её."
    ),
    "The account owes that guarantor nothing.": "Этому поручителю счёт ничего не должен.",
    "The guarantor's claim is less than that.": "Долг поручителю меньше этой суммы.",
    "Nothing is written off above what the account owes and the reserve holds.": (
        "Списать можно не больше, чем должен счёт и чем есть в резерве."
    ),
    "The credit committee must be an account.": "Кредитным комитетом может быть только счёт.",
    "The deposit secures somebody's loan until that ends.": (
        "Вклад обеспечивает чью-то ссуду, пока она не закончится."
    ),
}
SENTENCES: Final[dict[str, str]] = {
    "balance {0}, wanted {1}, it may fall to {2}": (
        "на счёте {0}, нужно {1}, остаток может опуститься до {2}"
    ),
    "loan {0}": "ссуда {0}",
    "{0} loans": "ссуд {0}",
    "at least 1 pai, and a plan that falls before the term ends": (
        "не меньше 1 пая, и график, который убывает до конца срока"
    ),
    "a guarantor answers for a part of the loan, or all": (
        "поручитель отвечает за часть ссуды или за всю"
    ),
    "the guarantor has none": "у поручителя его нет",
    "own limit {0}, pledged with this {1}": "собственный лимит {0}, с этим поручительством {1}",
    "the deposit holds {0}": "во вкладе {0}",
    "{0} in {1} periods": "{0} за {1} периодов",
    "all loans: {0}": "все ссуды: {0}",
    "without it the balance may fall to {0}": "без неё остаток может опуститься до {0}",
    "it is {0}": "он составляет {0}",
    "balance {0}, reserve {1}": "на счёте {0}, в резерве {1}",
}
