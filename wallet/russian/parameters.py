"""Meanings of constants and parameters, as constitutions and ``pai genesis show`` tell them."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # Units.
    "in seconds": "в секундах",
    "in slots": "в слотах",
    "in periods": "в периодах",
    "in epochs": "в эпохах",
    "in pai": "в паях",
    "in ten-thousandths": "в десятитысячных",
    "as a fraction of 2^64": "как доля от 2^64",
    "in bytes": "в байтах",
    # Constants.
    "length of a slot, in which one block can be made": (
        "длина слота, за который можно создать один блок"
    ),
    "demurrage is taken at every step": "шаг, на каждом из которых берётся демередж",
    "a period: the community's day": "период: сутки сообщества",
    "an epoch: the servers' hour": "эпоха: час серверов",
    "distance of roll-calls, and time to include them": (
        "промежуток между перекличками и время, чтобы записать их"
    ),
    "how long a payment may wait to be included": "сколько платёж может ждать включения в блок",
    "silence that lowers the quorum of finality, three levels": (
        "молчание, которое снижает кворум окончательности, три уровня"
    ),
    "oldest age of the set of seats before it is renewed": (
        "наибольший возраст состава мест до обновления"
    ),
    "window in which the weight of newcomers is limited": (
        "окно, в котором ограничен вес новых мест"
    ),
    "wait before a seat without its journal votes again": (
        "сколько ждёт место без своего журнала, прежде чем снова голосовать"
    ),
    "how long a seat answers for an offence": "как долго место отвечает за нарушение",
    "how long a bond stays after it was asked back": "как долго залог остаётся после запроса",
    "how long past sets of seats are kept": "как долго хранятся прежние составы мест",
    "least bond of a seat": "наименьший залог места",
    "what a credit limit keeps a period as it falls": (
        "сколько сохраняет за период убывающий кредитный предел"
    ),
    "an empty unidentified account is removed after": (
        "пустой неудостоверенный счёт удаляется через"
    ),
    "most that may be spent of a fund in 28 periods": (
        "сколько самое большее можно потратить из фонда за 28 периодов"
    ),
    "shortest delay of an account's recovery": "наименьшая отсрочка восстановления счёта",
    "usual delay of an account's recovery": "обычная отсрочка восстановления счёта",
    "longest delay of an account's recovery": "наибольшая отсрочка восстановления счёта",
    "cancelled recoveries in 90 periods": "отменённых восстановлений за 90 периодов",
    "what guardians deposit to start a recovery": (
        "что вносят хранители, чтобы начать восстановление"
    ),
    "distance of two rounds of set-off": "промежуток между зачётами",
    # Parameters.
    "fee of a unit beyond the free ones": "плата за единицу сверх бесплатных",
    "free units of an identified member a period": (
        "бесплатные единицы удостоверенного участника за период"
    ),
    "free units of every account to defend itself": (
        "бесплатные единицы каждого счёта, чтобы защитить себя"
    ),
    "most units in a block": "сколько самое большее единиц в блоке",
    "most that the transactions of a block weigh": (
        "сколько самое большее занимают транзакции блока"
    ),
    "shortest term of savings": "наименьший срок накоплений",
    "longest term of savings": "наибольший срок накоплений",
    "deposits of an account": "вкладов на счёте",
    "bonded seats": "мест с залогом",
    "least purchases that make somebody a seat owner's customer": (
        "наименьшие покупки, с которых человек — клиент владельца места"
    ),
    "least budget of which a customer's purchases are a share": (
        "наименьший бюджет, от которого считается доля покупок клиента"
    ),
    "customers that give a seat half of the activity bonus": (
        "клиентов, которые дают месту половину надбавки за деятельность"
    ),
    "an epoch pays one part in so many of the operators' pool": (
        "эпоха выплачивает одну из стольких частей фонда серверов"
    ),
    "base credit of a person": "основной кредит человека",
    "most credit earned by sales, of the base": (
        "наибольший кредит, заработанный продажами, от основного"
    ),
    "most that one partner counts for that, of the base": (
        "сколько самое большее даёт для этого один партнёр, от основного"
    ),
    "most of savings and reserve that may be lent": (
        "какую часть накоплений и резерва можно отдать в ссуды"
    ),
    "what the credit committee may lend in 28 periods, of all debts": (
        "сколько кредитный комитет может дать за 28 периодов, от всех долгов"
    ),
    "what it may lend to one member, in bases": (
        "сколько он может дать одному участнику, в основных кредитах"
    ),
    "grace before a guarantor pays": "отсрочка, прежде чем платит поручитель",
    "new persons an authority may attest in 28 periods": (
        "новых людей, которых центр может удостоверить за 28 периодов"
    ),
    "or this part of those it has attested, if more": (
        "или такая часть удостоверенных им, если это больше"
    ),
    "how long an identity counts as young": "как долго удостоверение считается молодым",
    "most of all base credit that young identities share": (
        "какую часть всего основного кредита делят молодые удостоверения"
    ),
    "attestations that make an identity": "сколько удостоверений нужно человеку",
    "grace after an attestation ends": "отсрочка после конца удостоверения",
    "how long attestations of a retired authority hold": (
        "как долго действуют удостоверения центра, который ушёл"
    ),
    "open obligations of an identified member": "открытых обязательств удостоверенного участника",
    "open obligations of any other account": "открытых обязательств любого другого счёта",
    "open offers of an account": "открытых предложений счёта",
    "age of an identity that may vote": "возраст удостоверения, с которым можно голосовать",
    "how long a vote is open": "как долго открыто голосование",
    "wait before a decision is in force": "через сколько решение вступает в силу",
    "the same for electorate, rewards and where demurrage goes": (
        "то же для состава избирателей, вознаграждений и того, куда идёт демередж"
    ),
    "obligations that enter a round of set-off": "обязательств, которые входят в один зачёт",
    "reward for the best set-off": "награда за лучший зачёт",
    "imbalance a standing order may leave, each way": (
        "перевес, который может оставить постоянное поручение, в каждую сторону"
    ),
    "silence that declines an offered obligation": (
        "молчание, которым отклоняется предложенное обязательство"
    ),
    "how long an undelivered exchange stays disputed": (
        "как долго обмен без доставки остаётся спорным"
    ),
    "how long after its day a delivery may be receipted": (
        "как долго после срока можно подтвердить доставку"
    ),
    # Where demurrage goes.
    "the reserve, which bears losses": "резерв, который несёт потери",
    "the social fund": "социальный фонд",
    "those who run the servers": "те, кто держит серверы",
    "members who were active this period, in equal shares": (
        "участники, которые действовали в этом периоде, поровну"
    ),
    "the municipality": "муниципалитет",
    "destroyed": "уничтожается",
    # What rewards are for.
    "votes for finality": "голоса за окончательность",
    "final blocks": "окончательные блоки",
    "serving members": "обслуживание участников",
    "keeping the archive": "хранение архива",
    # Funds.
    "what the reserve holds at the start": "сколько в резерве при основании",
    "what the social fund holds at the start": "сколько в социальном фонде при основании",
    "what the operators' pool holds at the start": "сколько в фонде серверов при основании",
}
