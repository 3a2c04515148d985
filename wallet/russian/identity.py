"""Who is who, lost keys, and names: refusals, histories, and the tools for them."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # refusals of authorities
    "The account is not an authority: members admit one by vote.": (
        "Этот счёт — не удостоверяющий центр: центры принимают участники голосованием."
    ),
    "The authority is retired: it neither attests nor renews nor revokes any more.": (
        "Удостоверяющий центр выведен: он больше не удостоверяет, не продлевает и не отзывает."
    ),
    "The authority attests this account already: renew that, or revoke it first.": (
        "Центр уже удостоверяет этот счёт: продлите или сначала отзовите."
    ),
    "The authority does not attest this account.": "Центр не удостоверяет этот счёт.",
    "The attestation is revoked: attest the account anew.": (
        "Удостоверение отозвано: удостоверьте счёт заново."
    ),
    "An attestation ends in the future, and a renewed one later than before.": (
        "Удостоверение кончается в будущем, а продлённое — позже прежнего."
    ),
    "The authority has brought in as many new persons in 28 periods as the rules admit.": (
        "За 28 периодов центр уже принял столько новых людей, сколько допускают правила."
    ),
    "The authority has revoked as many attestations in 28 periods as the rules admit.": (
        "За 28 периодов центр уже отозвал столько удостоверений, сколько допускают правила."
    ),
    "The person owes something on the old account: that comes first.": (
        "На прежнем счёте за человеком долг: сначала его нужно погасить."
    ),
    "The person's seat on the old account is bonded: unbond it first.": (
        "Место человека на прежнем счёте под залогом: сначала снимите залог."
    ),
    "Another authority attests this person on another account.": (
        "Другой центр удостоверяет этого человека на другом счёте."
    ),
    "The account belongs to another person who is attested on it.": (
        "Счёт принадлежит другому человеку, и он на нём удостоверен."
    ),
    "The account is an authority already.": "Этот счёт — уже удостоверяющий центр.",
    "The group has as many authorities as the rules admit.": (
        "В группе уже столько центров, сколько допускают правила."
    ),
    "There is no such authority.": "Такого удостоверяющего центра нет.",
    "No such account: only a person of the home group is brought to life by attesting.": (
        "Такого счёта нет: удостоверение создаёт счёт только человеку из домашней группы."
    ),
    # refusals of recoveries
    "The account has no guardians.": "У счёта нет поручителей.",
    "These guardians, with this salt, are not those that the account has named.": (
        "Это не те поручители (или не та соль), которых назвал владелец счёта."
    ),
    "The guardians' signatures are not those that their policy asks for.": (
        "Подписи поручителей не те, которых требует их правило подписи."
    ),
    "The delay of a recovery lies outside the bounds of this community.": (
        "Срок восстановления вне границ, принятых в этом сообществе."
    ),
    "A recovery of this account runs already.": "Восстановление этого счёта уже идёт.",
    "No recovery of this account runs.": "Восстановление этого счёта не идёт.",
    "The delay of the recovery has not passed yet.": "Срок восстановления ещё не прошёл.",
    "The account has cancelled as often in 90 periods as its owner once allowed.": (
        "За 90 периодов со счёта отменили столько раз, сколько некогда разрешил владелец."
    ),
    # refusals of names
    "A name has 3 to 32 small letters, digits and single hyphens between them; its letters are all "
    "Latin or all Cyrillic, and there is at least one.": (
        "В имени от 3 до 32 знаков: строчные буквы, цифры и одиночные дефисы между ними; буквы "
        "либо все латинские, либо все кириллические, и хотя бы одна есть."
    ),
    "This name, or one that looks like it, is nobody's.": (
        "Это имя или похожее на него никому не даётся."
    ),
    "This name, or one that looks like it, is taken or was given up not long ago.": (
        "Это имя или похожее на него занято либо освободилось совсем недавно."
    ),
    "The account has no name.": "У счёта нет имени.",
    "The name costs more than the transaction allows: only a person's first is free.": (
        "Имя стоит больше, чем разрешено в транзакции: бесплатно только первое имя человека."
    ),
    # histories
    "guardians named": "названы поручители",
    "recovery begun": "начато восстановление",
    "recovery of this account begun": "начато восстановление этого счёта",
    "recovery stopped": "восстановление остановлено",
    "account recovered": "счёт восстановлен",
    "this account recovered": "этот счёт восстановлен",
    "bond lent for a recovery": "внесён залог за восстановление",
    "bond of a recovery returned": "залог за восстановление возвращён",
    "bond of a recovery lost": "залог за восстановление потерян",
    "name taken": "взято имя",
    "name given up": "имя оставлено",
    "attestation given": "удостоверено",
    "attested by": "удостоверено центром",
    "attestation renewed": "удостоверение продлено",
    "attestation renewed by": "удостоверение продлено центром",
    "attestation revoked": "удостоверение отозвано",
    "attestation revoked by": "удостоверение отозвано центром",
    # what a transaction does
    "name guardians ({guardians}); delay, periods: {delay}; cancels allowed: {cancels}": (
        "назвать поручителей ({guardians}); срок, периодов: {delay}; отмен разрешено: {cancels}"
    ),
    "begin to recover {account}: {needed} of {count_keys} new keys": (
        "начать восстановление {account}: новых ключей {needed} из {count_keys}"
    ),
    "stop the recovery of this account": "остановить восстановление этого счёта",
    "give {account} the keys that its guardians asked for": (
        "дать {account} ключи, о которых просили поручители"
    ),
    "take the name @{name}, for {price} at most": "взять имя @{name}, не дороже {price}",
    "give up the account's name": "оставить имя счёта",
    "attest {subject} as {kind} until {until}": "удостоверить {subject} как {kind} до {until}",
    "renew the attestation of {subject} until {until}": (
        "продлить удостоверение {subject} до {until}"
    ),
    "revoke the attestation of {subject}": "отозвать удостоверение {subject}",
}

SENTENCES: Final[dict[str, str]] = {
    "at slot {0}": "в слоте {0}",
    "later than slot {0}": "позже слота {0}",
    "one does not verify": "одна не проходит проверку",
    "the person has another account now": "у человека теперь другой счёт",
    "the seat's owner has another account now": "у владельца места теперь другой счёт",
    "{0} in {1} periods": "{0} за периодов: {1}",
    "{0} pai": "{0} пая",
    "a group has at most {0} authorities": "в группе не больше центров, чем {0}",
    "a name and its account do not agree": "имя и его счёт не согласуются",
    "a person's account has no row": "у счёта человека нет строки",
    "the account's person is not whom authorities have put there": (
        "человек счёта — не тот, кого записали удостоверяющие центры"
    ),
    "the attestation is not what its authority has signed": (
        "удостоверение — не то, что подписал его центр"
    ),
    "the authority is missing in the list of its group": (
        "удостоверяющего центра нет в списке его группы"
    ),
    "the list of a group names an unknown authority": (
        "в списке группы назван неизвестный удостоверяющий центр"
    ),
}
