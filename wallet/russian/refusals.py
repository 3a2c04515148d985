"""What each refusal means; the English stands in ``chain.errors.MEANINGS``."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    "The bytes are not what the format asks for.": "Байты не соответствуют формату.",
    "The bytes do not re-encode to themselves: MessagePack has one canonical form.": (
        "При повторной записи получаются другие байты: у MessagePack одна каноническая форма."
    ),
    "More bytes than the format admits.": "Байтов больше, чем допускает формат.",
    "The genesis has rules of another version: install the version of Pai that the community "
    "uses.": (
        "В уставе правила другой версии: установите версию Pai, которой пользуется сообщество."
    ),
    "The transaction names a version this chain does not have.": (
        "Такой версии транзакций в этой цепочке нет."
    ),
    "No such account: an account is born when it first receives at least 1 pai.": (
        "Такого счёта нет: счёт появляется, когда впервые получает не меньше 1 пая."
    ),
    "This sequence number was used: the transaction is done, or another took its place.": (
        "Этот порядковый номер уже использован: транзакция проведена, или её место заняла другая."
    ),
    "An earlier transaction of this account is missing.": (
        "Не хватает более ранней транзакции этого счёта."
    ),
    "The slot until which the transaction was valid has passed.": (
        "Слот, до которого транзакция действовала, прошёл."
    ),
    "The expiry lies further ahead than the rules admit.": (
        "Срок действия дальше, чем допускают правила."
    ),
    "The transaction refers to a block that this chain has not recorded as final.": (
        "Транзакция ссылается на блок, который эта цепочка не записала как окончательный."
    ),
    "The server named in 'via' has no seat here.": (
        "У сервера, названного в «via», здесь нет места."
    ),
    "The policy asks for exactly m signatures, in ascending order of key index.": (
        "Правило подписи требует ровно m подписей в порядке возрастания номеров ключей."
    ),
    "A signature does not verify.": "Подпись не проходит проверку.",
    "The first spend of an account must reveal its key policy as its first action.": (
        "Первая трата со счёта должна первым действием раскрыть его правило подписи."
    ),
    "The revealed policy does not hash to the account.": (
        "Раскрытое правило подписи не соответствует счёту."
    ),
    "The account's policy is known already.": "Правило подписи этого счёта уже известно.",
    "The fee exceeds the transaction's maximum: free units of this period are used up.": (
        "Плата выше разрешённой в транзакции: бесплатные единицы этого периода исчерпаны."
    ),
    "The account would fall below what it may spend.": (
        "На счёте меньше, чем нужно: столько тратить нельзя."
    ),
    "The receiver is new: the first payment to an account is at least 1 pai.": (
        "Получатель новый: первый платёж на счёт — не меньше 1 пая."
    ),
    "An account cannot pay itself.": "Счёт не может платить сам себе.",
    "The receiver would hold more than an account can.": (
        "У получателя оказалось бы больше, чем вмещает счёт."
    ),
    "The term lies outside the bounds of this community's savings.": (
        "Срок вне границ, принятых для накоплений в этом сообществе."
    ),
    "The account has as many deposits as the rules admit.": (
        "На счёте уже столько вкладов, сколько допускают правила."
    ),
    "A deposit holds at least 1 pai.": "Во вкладе — не меньше 1 пая.",
    "The account has no such deposit.": "Такого вклада на счёте нет.",
    "The deposit holds less than that.": "Во вкладе меньше.",
    "The deposit is bonded to a seat: unbond it first.": (
        "Вклад заложен за место: сначала снимите залог."
    ),
    "The account's owner is not identified by this community's authorities.": (
        "Владелец счёта не удостоверен удостоверяющими центрами этого сообщества."
    ),
    "This person has a seat already.": "У этого человека место уже есть.",
    "The account has no seat.": "У счёта нет места.",
    "All seats of this community are taken.": "Все места этого сообщества заняты.",
    "A seat's key is not a valid Ed25519 public key.": (
        "Ключ места — не правильный открытый ключ Ed25519."
    ),
    "Each key of a seat is used once, ever.": (
        "Каждый ключ места используется один-единственный раз."
    ),
    "A proof of possession does not verify: make the keys with 'pai seat keys'.": (
        "Доказательство владения ключом не проходит проверку: создайте ключи командой "
        "«pai seat keys»."
    ),
    "The deposit is not bonded, or its release runs.": "Вклад не в залоге или уже освобождается.",
    "The takeover names a vote key that is not the seat's present one.": (
        "В переходе на запасной ключ назван не тот ключ голосования, что у места сейчас."
    ),
    "The takeover is not signed by the seat's standby key.": (
        "Переход подписан не запасным ключом места."
    ),
    "A seat is taken over once within the time for evidence.": (
        "На запасной ключ место переходит один раз за срок для доказательств."
    ),
    "The seat's owner is replacing its keys: the standby key cannot interfere.": (
        "Владелец места меняет его ключи: запасной ключ вмешаться не может."
    ),
    "A seat's keys are replaced once within the time for evidence, or after a takeover.": (
        "Ключи места меняют один раз за срок для доказательств или после перехода на запасной ключ."
    ),
    "The seat has no bond, and so nothing to be released of.": (
        "У места нет залога, и освобождать его не от чего."
    ),
    "A notice names a locked round that is not above the round of activation.": (
        "В уведомлении удерживаемый раунд не выше раунда начала работы."
    ),
    "A seat gives notice of release once within the time for evidence.": (
        "Об освобождении место уведомляет один раз за срок для доказательств."
    ),
    "The block belongs to another community, or other rules.": (
        "Блок принадлежит другому сообществу или другим правилам."
    ),
    "The block does not follow the block it was applied to.": (
        "Блок не следует за тем, к которому его применили."
    ),
    "The height is not the parent's height plus one.": (
        "Высота — не высота предыдущего блока плюс один."
    ),
    "The slot does not come after the parent's slot.": "Слот не позже слота предыдущего блока.",
    "The base is not the newest hand-off above the block.": (
        "Основа — не последняя передача над этим блоком."
    ),
    "The hand-off to a new set is missing, wrong, or not due.": (
        "Передача новому составу отсутствует, неверна или ещё не пришла."
    ),
    "The author's seat is not in the set.": "Места автора нет в составе.",
    "The header's signature does not verify.": "Подпись заголовка не проходит проверку.",
    "The header's VRF proof does not verify.": (
        "Доказательство VRF в заголовке не проходит проверку."
    ),
    "The author did not win this slot.": "Этот слот автор не выиграл.",
    "The author's rank in this slot is another, or not yet due.": (
        "Очередь автора в этом слоте другая или ещё не наступила."
    ),
    "The body does not match the header.": "Тело блока не соответствует заголовку.",
    "The state after the block has another root.": "У состояния после блока другой корень.",
    "The block's transactions use too many units.": (
        "Транзакции блока занимают слишком много единиц."
    ),
    "The block's transactions are too many bytes.": (
        "Транзакции блока занимают слишком много байтов."
    ),
    "The header's locked justification does not fit its base.": (
        "Удерживаемое обоснование в заголовке не подходит к его основе."
    ),
    "More epochs were skipped than the rules can bridge.": (
        "Пропущено больше эпох, чем правила могут перекрыть."
    ),
    "The node's waiting room is full: try again later.": ("Очередь узла полна: попробуйте позже."),
    "Too many transactions of this account are waiting: try again after the next block.": (
        "Слишком много транзакций этого счёта ждут: попробуйте после следующего блока."
    ),
    "The node holds this transaction already.": "Эта транзакция у узла уже есть.",
}
