"""What ``pai vote`` says, and how measures are told."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # The commands.
    "Decide together: propose, vote.": "Решать вместе: предлагать и голосовать.",
    "Decide together: propose, vote, see what was decided.": (
        "Решать вместе: предлагать, голосовать, смотреть решения."
    ),
    "List what is under vote, what waits to come into force, and what was decided.": (
        "Показать, что на голосовании, что ждёт вступления в силу и что решено."
    ),
    "How many, newest first.": "Сколько, начиная с новых.",
    "Show one proposal: what it would do, how the vote stands, and what it needs.": (
        "Показать предложение: что оно сделает, как идёт голосование и сколько голосов нужно."
    ),
    "Vote on a proposal; until the vote ends you may vote again, the last counts.": (
        "Проголосовать; до конца можно голосовать снова, считается последний голос."
    ),
    "List every figure that a vote can change, with what it is now.": (
        "Показать все величины, которые можно изменить голосованием, и какие они сейчас."
    ),
    "Put a measure to the vote.": "Вынести предложение на голосование.",
    "Change a figure of the rules; 'pai vote figures' lists them.": (
        "Изменить величину правил; список — 'pai vote figures'."
    ),
    "Let demurrage go elsewhere: reserve=20% social=50% active=30%; what is not named gets 0.": (
        "Направить демередж иначе: reserve=20% social=50% active=30%; не названное получает 0."
    ),
    "Reward servers otherwise: votes=70% blocks=10% service=15% archive=5%.": (
        "Вознаграждать серверы иначе: votes=70% blocks=10% service=15% archive=5%."
    ),
    "Change the rate of demurrage: what a balance loses a period, such as 0.3%, or none.": (
        "Изменить ставку демереджа: сколько остаток теряет за период, например 0.3% или none (нет)."
    ),
    "Pay from a common fund.": "Заплатить из общего фонда.",
    "Let an account say who is who.": "Дать счёту право удостоверять личность.",
    "Authorities of one group tell the same person from others; 0 is the home group.": (
        "Удостоверители одной группы узнают одного и того же человека; 0 — своя группа."
    ),
    "Take no more attestations from an authority.": "Больше не принимать удостоверений от счёта.",
    "Grant a loan that is asked for, where the committee cannot.": (
        "Выдать запрошенную ссуду, которую не может выдать комитет."
    ),
    "Make an account the credit committee; 'none': have no committee.": (
        "Сделать счёт кредитным комитетом; 'none' — обойтись без комитета."
    ),
    "Let the reserve take over what somebody owes.": "Списать чей-то долг за счёт резерва.",
    "Decide something in words, which no rule carries out.": (
        "Принять решение на словах, которое не исполняется правилами."
    ),
    # What is wrong with a line.
    "A rate lies above 0% and below 100%; or write none.": (
        "Ставка — больше 0% и меньше 100%; или напишите none."
    ),
    "The shares do not make up 100%.": "Доли не составляют вместе 100%.",
    "The vote on proposal {number} is over.": "Голосование по предложению {number} закончилось.",
    "There is no {name} among these: {names}.": "Здесь нет «{name}», есть: {names}.",
    "This text cannot be sent: {reason}.": "Этот текст нельзя отправить: {reason}.",
    "{name} is a whole number: {text} is not.": "{name} — целое число, а {text} — нет.",
    "{text} is no percentage: write it with its sign, as 12.5%.": (
        "{text} — не проценты: напишите со знаком, например 12.5%."
    ),
    "{text} is too fine: shares have two decimals of a percent.": (
        "{text} — слишком мелко: у долей два знака процента после запятой."
    ),
    # One proposal.
    "Nothing has been put to the vote yet.": "На голосование ещё ничего не выносили.",
    "Proposal {number}": "Предложение {number}",
    "Put to the vote by {name}": "На голосование выносит {name}",
    "Vote of {name} on proposal {number}": "Голос {name} по предложению {number}",
    "Weight": "Важность",
    "ordinary": "обычное",
    "grave": "важное",
    "deep: who decides, who is paid, where demurrage goes": (
        "коренное: кто решает, кому платят, куда идёт демередж"
    ),
    "Carried by": "Принимается",
    "Nobody votes": "Голосовать некому",
    "all members are persons by this authority's word alone: let another one attest them, then "
    "propose it again": (
        "всех участников удостоверил только этот центр: пусть их удостоверит и другой, потом "
        "предложите снова"
    ),
    "{least}, and {part} of all {electors} electors": (
        "{least} и {part} всех голосующих ({electors})"
    ),
    "more than {part} of votes cast": "если «за» больше {part} поданных голосов",
    "at least {part} of votes cast": "если «за» не меньше {part} поданных голосов",
    "How it stands": "Сейчас",
    "yes {yes}, no {no}; carried with {needed} for it": "за {yes}, против {no}; нужно за: {needed}",
    "Vote ends": "Голосование до",
    "In force, if carried, from": "Если принято, в силе с",
    "In force since": "В силе с",
    "Why not": "Почему нет",
    "Your vote": "Ваш голос",
    "Your vote will be": "Ваш голос будет",
    "you are not among the electors": "вас нет среди голосующих",
    "not yet": "ещё нет",
    "your vote": "ваш голос",
    "to carry": "нужно",
    "until": "до",
    "State, until": "Состояние, до",
    "under vote": "голосуют",
    "carried, waits until it is due": "принято, ждёт срока",
    "not carried": "не принято",
    "in force": "в силе",
    "carried, but could not be done": "принято, но исполнить нельзя",
    "Figures that a vote can change": "Величины, которые меняет голосование",
    "now": "сейчас",
    "at least": "не меньше",
    "at most": "не больше",
    "The rules admit {name} from {least} to {most}.": (
        "Правила допускают {name} от {least} до {most}."
    ),
    # Measures.
    "{meaning}: {value} ({name})": "{meaning}: {value} ({name})",
    "let demurrage go: {shares}": "направлять демередж: {shares}",
    "reward servers for: {shares}": "вознаграждать серверы за: {shares}",
    "take demurrage of {rate}": "брать демередж: {rate}",
    "{percent} a period": "{percent} за период",
    "nothing at all": "не брать вовсе",
    "pay {amount} out of the {fund} to {whom}": "выплатить {amount} из {fund}, кому: {whom}",
    "reserve fund": "резерва",
    "fund for social ends": "социального фонда",
    "fund of the municipality": "фонда муниципалитета",
    "let {whom} say who is who, as {name} ({jurisdiction}), group {group}": (
        "дать право удостоверять личность: {whom}, как {name} ({jurisdiction}), группа {group}"
    ),
    "take no more attestations of {whom}": "больше не принимать удостоверений от {whom}",
    "grant loan {loan}: {amount} to {whom} for periods: {count}": (
        "выдать ссуду {loan}: {amount}, кому: {whom}, периодов: {count}"
    ),
    "make {whom} the credit committee": "сделать кредитным комитетом: {whom}",
    "have no credit committee": "обойтись без кредитного комитета",
    "let the reserve take over {amount} of what {whom} owes": (
        "списать за счёт резерва {amount} долга: {whom}"
    ),
    "{n} period": ("{n} период", "{n} периода", "{n} периодов"),
}
