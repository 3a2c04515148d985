"""What ``pai market`` says."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    "Trade goods and work in chains, with little money or none.": (
        "Меняться товарами и трудом по цепочкам, почти или совсем без денег."
    ),
    "Offer goods or work: QUANTITY times UNIT of GOOD, such as food/milk 20 l.": (
        "Предложить товар или труд: QUANTITY единиц UNIT товара GOOD, например еда/молоко 20 л."
    ),
    "Look for goods or work, at --price at most; GOOD may be a whole category.": (
        "Искать товар или труд не дороже --price; GOOD может быть целым разделом."
    ),
    "In pai, for one unit.": "В паях за единицу.",
    "Where: a path such as district/village; by default anywhere.": (
        "Где: путь вроде район/село; по умолчанию где угодно."
    ),
    "Whatever else is to be known.": "Что ещё нужно знать.",
    "Change an own offer or want; chains that wait with it are void.": (
        "Изменить своё предложение или запрос; ждущие цепочки с ним теряют силу."
    ),
    "What is left.": "Сколько осталось.",
    "For how many periods (days) from now.": "На сколько периодов (дней) с этого момента.",
    "Take back an own offer or want.": "Снять своё предложение или запрос.",
    "Let chains of your own offers and wants happen without asking each time.": (
        "Разрешить цепочки своих предложений и запросов, не спрашивая каждый раз."
    ),
    "What chains may take from the balance in all, in pai.": (
        "Сколько всего цепочки могут взять со счёта, в паях."
    ),
    "What chains may add to the balance in all, in pai.": (
        "Сколько всего цепочки могут добавить на счёт, в паях."
    ),
    "How many chains a period at most.": "Сколько цепочек за период самое большее.",
    "Cancel the standing order.": "Отменить постоянное поручение.",
    "Search what is offered and wanted; no wallet is needed.": (
        "Найти, что предлагают и ищут; кошелёк не нужен."
    ),
    "A category, such as food.": "Раздел, например еда.",
    "A place.": "Место.",
    "Only these.": "Только это.",
    "Show what you have open: offers, wants, standing order, deliveries, and your record.": (
        "Показать, что у вас открыто: предложения, запросы, поручение, поставки, и ваш послужной "
        "список."
    ),
    "Show, in words, the chains that wait and that you are part of.": (
        "Показать словами цепочки, которые ждут и в которых вы участвуете."
    ),
    "Consent to a chain, after reading in words what it does.": (
        "Согласиться на цепочку, прочитав словами, что она делает."
    ),
    "Refuse a chain that you are part of; it is gone for everybody.": (
        "Отказаться от цепочки с вашим участием; её не станет ни для кого."
    ),
    (
        "Sign that you have received goods, when they are handed over.\n\n"
        "NUMBER is a delivery's, REQUEST is what its seller shows; without QUANTITY it is all that "
        "is left."
    ): (
        "Подписать, что товар получен, — в момент передачи.\n\n"
        "NUMBER — номер поставки, REQUEST — то, что показывает продавец; без QUANTITY — всё, что "
        "осталось."
    ),
    (
        "Show the buyer of delivery NUMBER what to sign for: a text and a QR code.\n\n"
        "Give him the goods when his signature is in a block: 'pai market mine' shows it."
    ): (
        "Показать покупателю поставки NUMBER, что подписать: текст и QR-код.\n\n"
        "Отдайте товар, когда его подпись в блоке: это покажет «pai market mine»."
    ),
    "{goods} for {buyer}": "{goods}, получает {buyer}",
    "Receipt of {name}": "Расписка, {name}",
    "Received": "Получено",
    "Delivered by": "Кто передал",
    "Still to come": "Ещё не пришло",
    "You have no delivery {number} to make.": "За вами нет поставки {number}.",
    "No delivery {number} is for you.": "Поставка {number} — не вам.",
    "Of delivery {number} only {left} are left.": "По поставке {number} осталось только {left}.",
    "{text} is neither a delivery's number nor what a seller shows.": (
        "{text} — ни номер поставки, ни то, что показывает продавец."
    ),
    "This request names no delivery and no quantity.": "В этом запросе нет поставки и количества.",
    (
        "The request asks you to sign for {asked}, and you wrote {quantity}: leave the quantity "
        "out, or name the delivery by its number."
    ): (
        "Запрос просит подписать {asked}, а вы написали {quantity}: не указывайте количество или "
        "назовите поставку по номеру."
    ),
    "Look for chains among everybody's offers and wants, and propose them.": (
        "Найти цепочки среди всех предложений и запросов и предложить их."
    ),
    "Only show what was found.": "Только показать найденное.",
    # What is shown.
    "Nothing of that is offered or wanted.": "Ничего такого не предлагают и не ищут.",
    "No chain of yours waits.": "Ваших цепочек в ожидании нет.",
    "No chain {number} of yours waits, or not any more.": (
        "Ваша цепочка {number} не ждёт или уже не ждёт."
    ),
    "Chain {number} cannot happen as it was proposed: a price has changed, or the node "
    "does not tell the truth about it.": (
        "Цепочка {number} не может состояться такой, какой предложена: изменилась цена или узел "
        "говорит о ней неправду."
    ),
    "Chain {number}": "Цепочка {number}",
    "Chains to propose": "Предложить цепочки",
    "Chains found": "Найдено цепочек",
    "What they are worth": "На сумму",
    "No chains could be worth more than": "Никакие цепочки не дали бы больше",
    "What happens": "Что произойдёт",
    "Consented": "Согласились",
    "{some} of {all}": "{some} из {all}",
    "by standing order: {n}": "по постоянному поручению: {n}",
    "Waits for": "Ещё не согласились",
    "you": "вы",
    "Open until": "Ждёт до",
    "Number": "Номер",
    "Good": "Товар",
    "Left": "Осталось",
    "Price of one": "За единицу",
    "Remark": "Примечание",
    "wanted": "ищут",
    "on offer": "есть",
    "anywhere": "где угодно",
    "Standing order": "Постоянное поручение",
    "may take {give} and add {take}, moved so far: {moved}": (
        "может взять {give} и добавить {take}, сдвинуто: {moved}"
    ),
    "Record": "Послужной список",
    "delivered {delivered}, late {late}, disputed {disputed}, made good {kept}": (
        "поставлено {delivered}, с опозданием {late}, не поставлено {disputed}, возмещено {kept}"
    ),
    "You deliver": "Вы поставляете",
    "You receive": "Вы получаете",
    "You are owed": "Вам должны",
    "past its time": "срок прошёл",
    "{owner}, invoice {number}": "{owner}, долг {number}",
    # A chain in words.
    "you give {goods} to {buyer}": "вы отдаёте {goods}, получает {buyer}",
    "{seller} gives {goods} to you": "{seller} отдаёт вам {goods}",
    "{seller} gives {goods} to {buyer}": "{seller} отдаёт {goods}, получает {buyer}",
    "you pay {amount}": "вы доплачиваете {amount}",
    "you get {amount}": "вы получаете {amount}",
    "you neither pay nor get money": "денег вы не платите и не получаете",
}
