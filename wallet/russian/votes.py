"""What votes and funds say: refusals, sentences of the rules, and how they are told."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    "The account's owner is not among those who may vote on this.": (
        "Владельца счёта нет среди тех, кто может об этом голосовать."
    ),
    "There is no such proposal.": "Такого предложения нет.",
    "The vote on this proposal is over.": "Голосование по этому предложению закончилось.",
    "On this chain the proposal of that number is another one.": (
        "В этой цепочке под таким номером другое предложение."
    ),
    "Too many proposals are open: wait for a decision.": (
        "Открыто слишком много предложений: дождитесь решения."
    ),
    "There is no figure of this name that a vote can change.": (
        "Нет величины с таким именем, которую можно изменить голосованием."
    ),
    "The figure lies outside what the rules admit.": (
        "Величина лежит за пределами, которые допускают правила."
    ),
    "The step is too large: a figure at most doubles or halves in 180 periods.": (
        "Шаг слишком велик: за 180 периодов величина меняется не больше чем вдвое."
    ),
    "There is no fund of this name that a vote can spend.": (
        "Нет фонда с таким именем, из которого можно платить по решению."
    ),
    "More than may be spent of this fund within 28 periods, or than it holds.": (
        "Больше, чем можно потратить из этого фонда за 28 периодов, или чем в нём есть."
    ),
    "shares of active members, not taken yet": "доли действовавших участников, ещё не взятые",
    "paid from a fund by vote": "выплачено из фонда по решению",
    "share of an active member": "доля действовавшего участника",
    "put a measure to the vote: {measure}": "вынести на голосование: {measure}",
    "vote on proposal {proposal}: {voice}": "голос по предложению {proposal}: {voice}",
}

SENTENCES: Final[dict[str, str]] = {
    "{0} of yours, {1} in all": "ваших {0}, всего {1}",
    "{0} lies between {1} and {2}": "{0}: от {1} до {2}",
    "{0} was {1}: from {2} to {3} in 180 periods": "{0}: было {1}, за 180 периодов от {2} до {3}",
    "demurrage was {0}: from {1} to {2} in 180 periods": (
        "демередж: было {0}, за 180 периодов от {1} до {2}"
    ),
    "at most {0} now": "сейчас не больше {0}",
}
