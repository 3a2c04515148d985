"""What is said about offers, wants, chains of trades and deliveries."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # What an action does, for whoever signs it.
    "offer {goods} at {unit_price} a unit, until {until}": (
        "предложить {goods} по {unit_price} за единицу, до {until}"
    ),
    "look for {goods} at {unit_price} a unit at most, until {until}": (
        "искать {goods} не дороже {unit_price} за единицу, до {until}"
    ),
    "change offer or want {listing}: {quantity} at {unit_price} a unit": (
        "изменить предложение или запрос {listing}: {quantity} по {unit_price} за единицу"
    ),
    "withdraw offer or want {listing}": "снять предложение или запрос {listing}",
    "let chains of your offers and wants take up to {give} from the balance and add up to "
    "{take}, in a period at most: {chains}, until {until}": (
        "разрешить цепочкам ваших предложений и запросов взять со счёта до {give} и добавить до "
        "{take}, за период не больше: {chains}, до {until}"
    ),
    "cancel the standing order": "отменить постоянное поручение",
    "propose a chain of trades: {legs}": "предложить цепочку обменов: {legs}",
    "consent to chain {chain} ({digest})": "согласиться на цепочку {chain} ({digest})",
    "refuse chain {chain}": "отказаться от цепочки {chain}",
    "confirm that of delivery {delivery} so much was received: {quantity}": (
        "подтвердить, что по поставке {delivery} получено: {quantity}"
    ),
    # What happened to an account.
    "put on offer": "предложение",
    "looked for": "запрос",
    "offer or want changed": "предложение или запрос изменены",
    "standing order": "постоянное поручение",
    "chain of trades": "цепочка обменов",
    "paid in a chain of trades": "доплата в цепочке обменов",
    "delivery confirmed": "поставка подтверждена",
    "not delivered, owed for it": "не поставлено, долг за это",
    "not received, is owed for it": "не получено, за это должны",
    # Refusals.
    "An offer or want ends within 360 periods, and is worth no more than one can owe at once; "
    "divide it into several.": (
        "Предложение или запрос действует не дольше 360 периодов и стоит не больше, чем может "
        "составить один долг; разделите его на несколько."
    ),
    "The account has as many offers and wants open as the rules admit.": (
        "У счёта открыто столько предложений и запросов, сколько допускают правила."
    ),
    "There is no such offer or want, or not any more.": (
        "Такого предложения или запроса нет или уже нет."
    ),
    "The offer or want is somebody else's.": "Это чужое предложение или запрос.",
    "A standing order ends within 360 periods, and moves no more than all money.": (
        "Постоянное поручение действует не дольше 360 периодов и двигает не больше всех денег."
    ),
    "The account has no standing order.": "У счёта нет постоянного поручения.",
    "More than two deliveries are overdue: until they are not, no standing order counts.": (
        "Просрочено больше двух поставок: пока это так, постоянное поручение не действует."
    ),
    "A chain's legs rise by offer and want, and none stands there twice.": (
        "Звенья цепочки идут по возрастанию предложений и запросов, и ни одно не повторяется."
    ),
    "Nobody buys from himself.": "Никто не покупает у самого себя.",
    "The offer is not what is wanted: other goods, another unit or another place.": (
        "Предлагают не то, что ищут: другой товар, другая единица или другое место."
    ),
    "The offer's price is above what the buyer would pay.": (
        "Цена предложения выше той, что согласен платить покупатель."
    ),
    "Less is left of the offer or want than the chain takes.": (
        "От предложения или запроса осталось меньше, чем берёт цепочка."
    ),
    "As many chains that the account proposed are waiting as the rules admit.": (
        "Ждёт столько предложенных счётом цепочек, сколько допускают правила."
    ),
    "A chain expires within 28 periods.": "Цепочка ждёт не дольше 28 периодов.",
    "No such chain is waiting, or not any more.": "Такая цепочка не ждёт согласия или уже не ждёт.",
    "The chain is another than the one consented to, or a price in it has changed.": (
        "Это не та цепочка, на которую дано согласие, или цена в ней изменилась."
    ),
    "The account takes no part in this chain.": "Счёт не участвует в этой цепочке.",
    "The account has consented to this chain already.": "Счёт уже согласился на эту цепочку.",
    "No such delivery is open.": "Такой поставки не ожидается.",
    "Only the buyer can say that.": "Сказать это может только покупатель.",
    "Less than that is still to be delivered.": "Поставить осталось меньше.",
}
SENTENCES: Final[dict[str, str]] = {
    "{0} open": "открыто: {0}",
    "{0} waiting": "ждут: {0}",
    "{0} overdue": "просрочено: {0}",
    "{0} left": "осталось {0}",
    "number {0}": "номер {0}",
    "number {0}, {1} left": "номер {0}, осталось {1}",
    "a good, category or place is written like food/milk, in small letters": (
        "товар, раздел или место пишут так: еда/молоко, строчными буквами"
    ),
    "a unit is one word in small letters": "единица — одно слово строчными буквами",
}
