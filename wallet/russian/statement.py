"""What ``pai wallet statement`` says."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    "Account for every period: what came, what went, what melted and what that paid for.": (
        "Отчёт по периодам: что пришло, что ушло, что растаяло и на что это пошло."
    ),
    "How many periods (days), this one included.": "Сколько периодов (дней), считая этот.",
    "Also write every line to this file as CSV, for a spreadsheet.": (
        "Ещё и записать все строки в этот файл CSV, для таблицы."
    ),
    "Statement of {name}": "Выписка {name}",
    "In the newest block": "В последнем блоке",
    "Savings due since": "С тех пор вернулось накоплений",
    "Demurrage since, not collected yet": "Демередж с тех пор, ещё не взят",
    "Nothing has happened in these periods.": "За эти периоды ничего не было.",
    "Opening": "Было",
    "Came": "Пришло",
    "Went": "Ушло",
    "of it fees": "из того плата",
    "Closing": "Стало",
    "Balance": "Остаток",
    "what your demurrage funded": "на что пошёл ваш демередж",
    "demurrage of savings returned early": "демередж вкладов, возвращённых раньше срока",
    "paid out of a pledged deposit": "заплачено из вклада поручителя",
    "put to the vote": "вынесено на голосование",
    "vote cast": "подан голос",
}
