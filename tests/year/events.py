"""What happens in the year beside ordinary life: a calendar of deeds, each of real transactions.

Sowing and harvest with loans, votes on a loan, a committee, a roof and two authorities, keys that
are lost and come back, people who come, one who goes and leaves a debt.
"""

from collections.abc import Callable
from datetime import date
from typing import Final

from msgspec.structs import replace

from chain.actions import (
    AdmitAuthority,
    AskLoan,
    Attest,
    CompleteRecovery,
    GrantLoan,
    Guarantee,
    GuardianSignature,
    LendByVote,
    RegisterAlias,
    RetireAuthority,
    ReturnLoan,
    SetCommittee,
    SetGuardians,
    SpendFund,
    StartRecovery,
    WriteOff,
)
from chain.crypto import compute_hash, sign
from chain.guardians import compute_guardians_hash, get_recovery_message
from chain.rules.credit_days import get_credit
from chain.rules.debts import get_debts
from chain.rules.identity import is_identified
from chain.rules.measures import get_spendable
from tests.community import PAI, get_account_id, get_policy, get_signers
from tests.year.story import Story
from tests.year.village import COMMITTEE, FARM, NOTARY, OFFICE, SOVIET

GUARDIANS: Final = "2:emma+lida+marat"
SALT: Final = bytes(range(32))
LOST, LEAVER, UNLUCKY = "farid", "nina", "galina"
SOWING: Final = 120 * PAI  # a grower's line
FARM_LINE: Final = 400 * PAI
LOAN_DAYS: Final = 150
FOR_EVER: Final = 2**40
PARTS_OF_A_FUND: Final = 10  # the roof takes one of so many: a simple majority will do


def found(story: Story) -> None:
    """Those who speak for others get an account, and a little for fees."""
    village = story.village
    for payer, name in (("ann", FARM), ("boris", COMMITTEE), ("clara", SOVIET), ("daniil", OFFICE)):
        village.pay(payer, name, 20 * PAI)
    story.tell(
        "{n} members begin with nothing but each other's trust: each may owe {start} pai at once "
        "and up to {base} in time, without interest. Four run servers. The farm pays a fifth of "
        "wages in pai to whoever agrees.",
        "{n} участников начинают ни с чем, кроме взаимного доверия: каждый может сразу быть должен "
        "{start} пая, а со временем до {base}, без процентов. Четверо держат серверы. Хозяйство "
        "платит пятую часть зарплаты паями тем, кто согласен.",
        n=len(village.people.members),
        start=story.pai(village.genesis.parameters.base // 10),
        base=story.pai(village.genesis.parameters.base),
    )


def attest_farm(story: Story) -> None:
    """The farm is a firm, and the soviet says so: it may owe nothing, and everybody knows it."""
    story.village.act(SOVIET, replace(build_attestation(FARM), kind="firm"))


def name_guardians(story: Story) -> None:
    """Farid thinks of the day on which he might lose his keys, and Karim takes a name."""
    guardians = compute_guardians_hash(get_policy(GUARDIANS), SALT)
    story.village.act(LOST, SetGuardians(guardians, 14, 3))
    story.village.act("karim", RegisterAlias("кузница", 0))
    story.tell(
        "Farid names three guardians, of whom any two can bring his account back. Karim's forge "
        "can be paid as «кузница».",
        "Фарид назначил трёх хранителей: любые двое могут вернуть ему счёт. Кузнице Карима можно "
        "платить по имени «кузница».",
    )


def propose_committee(story: Story) -> None:
    """Small loans need somebody who looks at them."""
    story.propose(
        "ann",
        SetCommittee(get_account_id(COMMITTEE)),
        "a credit committee, two of three of Ann, Karim and Lida",
        "кредитный комитет, двое из трёх: Анна, Карим, Лида",
    )
    story.tell(
        "Ann proposes a credit committee. Everybody who is identified votes, for fourteen days.",
        "Анна предлагает кредитный комитет. Голосуют все удостоверенные, четырнадцать дней.",
    )


def ask_for_seed(story: Story) -> None:
    """Growers ask for lines until the harvest; neighbours answer for them."""
    village = story.village
    for number, (grower, guarantor) in enumerate(_get_pairs(story)):
        village.act(
            grower,
            AskLoan(
                amount=SOWING,
                term_periods=LOAN_DAYS,
                plan=(),
                purpose="seed",
                guarantor=get_account_id(guarantor),
                pledge=SOWING // 2,
            ),
        )
        story.loans[grower] = get_credit(village.ledger.state).loans_made + number
    farm = get_credit(village.ledger.state).loans_made + len(story.loans)
    village.act(FARM, AskLoan(FARM_LINE, LOAN_DAYS, (), "fuel and seed", None, 0))
    story.loans[FARM] = farm
    story.tell(
        "Sowing. {n} growers ask for {amount} pai each until the harvest, a neighbour answers for "
        "half; the farm asks for {farm}.",
        "Посевная. {n} хозяев просят по {amount} пая до урожая, за половину ручается сосед; "
        "хозяйство просит {farm}.",
        n=len(story.loans) - 1,
        amount=story.pai(SOWING),
        farm=story.pai(FARM_LINE),
    )


def answer_for_neighbours(story: Story) -> None:
    """Guarantors consent, each with his own unused limit; the farm's line goes to the vote."""
    for grower, guarantor in _get_pairs(story):
        story.village.act(guarantor, Guarantee(story.loans[grower], None))
    loan = story.loans[FARM]
    story.propose(
        "ivan",
        LendByVote(loan, get_account_id(FARM), FARM_LINE, LOAN_DAYS),
        "a line for the farm until the harvest",
        "ссуда хозяйству до урожая",
    )


def grant_seed(story: Story) -> None:
    """The committee grants as much as its rate and the village's savings carry."""
    village = story.village
    state = village.ledger.state
    credit, parameters = get_credit(state), village.genesis.parameters
    rate = credit.debt * parameters.committee_28_bp // 10_000
    carried = (credit.saved + village.money.reserve) * parameters.grants_share_bp // 10_000
    granted = 0
    for grower, _ in _get_pairs(story):
        if granted + SOWING <= rate and credit.granted + granted + SOWING <= carried:
            village.act(COMMITTEE, GrantLoan(story.loans[grower]))
            granted += SOWING
    story.happened.add("granted" if granted else "nothing granted")
    story.tell(
        "The committee grants {n} lines: {amount} pai of the {saved} that others have saved.",
        "Комитет выдаёт ссуд: {n}, на {amount} пая из {saved}, отложенных другими.",
        n=granted // SOWING,
        amount=story.pai(granted),
        saved=story.pai(credit.saved),
    )


def propose_retirement(story: Story) -> None:
    """The co-op's office closes; members retire it as an authority."""
    story.propose(
        "ann",
        RetireAuthority(get_account_id(OFFICE)),
        "the office attests nobody any more",
        "контора больше никого не удостоверяет",
    )
    for payer in ("ann", "clara"):
        story.village.pay(payer, NOTARY, 20 * PAI)
    story.tell(
        "The office closes. Those whom it alone knows may file, but have no vote on it.",
        "Контора закрывается. Те, кого знает только она, о ней не голосуют.",
    )


def propose_notary(story: Story) -> None:
    """A notary takes its place."""
    story.propose(
        "emma",
        AdmitAuthority(get_account_id(NOTARY), "Notary", "RU", 0),
        "the district's notary attests members",
        "участников удостоверяет районный нотариус",
    )


def lose_keys(story: Story) -> None:
    """Farid's phone falls into the river; two guardians sign for new keys."""
    village = story.village
    account, policy = get_account_id(LOST), get_policy(f"{LOST}, new keys")
    message = get_recovery_message(village.chain, account, 0, policy)
    signatures = tuple(
        GuardianSignature(index, sign(key, message))
        for index, key in get_signers(get_policy(GUARDIANS))
    )
    village.act("emma", StartRecovery(account, get_policy(GUARDIANS), SALT, policy, signatures))
    village.silent.add(LOST)
    story.tell(
        "Farid's phone lies in the river Belaya. Two guardians sign for new keys; for fourteen "
        "days the old ones could still object.",
        "Телефон Фарида на дне Белой. Двое хранителей подписали новые ключи; четырнадцать дней "
        "старые ещё могли бы возразить.",
    )


def find_keys(story: Story) -> None:
    """The delay is over: the account is Farid's again."""
    village = story.village
    village.act("emma", CompleteRecovery(get_account_id(LOST)))
    village.silent.discard(LOST)
    story.happened.add("recovered")
    story.tell(
        "Farid has his account back, with all {amount} pai in it; the bond returns to Emma.",
        "Счёт снова у Фарида, на нём {amount} пая; залог вернулся к Эмме.",
        amount=story.pai(village.get_balance(LOST)),
    )


def attest_again(story: Story) -> None:
    """The notary attests whom the office knew, long before its word runs out."""
    village = story.village
    office, ending = get_account_id(OFFICE), []
    for name in village.people.members:
        subject = get_account_id(name)
        if village.ledger.state.attestations.get(subject + office) is not None:
            ending.append(name)
    done = 0
    for name in ending:
        subject = get_account_id(name)
        row = village.ledger.state.attestations.get(subject + get_account_id(NOTARY))
        if row is None and done < 10:
            village.act(NOTARY, build_attestation(name))
            done += 1
    if not done and "attested again" not in story.happened:
        story.happened.add("attested again")
        story.tell(
            "The notary has seen everybody whom only the office knew.",
            "Нотариус принял всех, кого знала только контора.",
        )


def welcome(story: Story) -> None:
    """Two people come; the soviet attests them, and they may owe a tenth of the base at once."""
    for _ in range(2):
        name = f"newcomer {len(story.newcomers)}"
        story.newcomers.append(name)
        story.village.act(SOVIET, build_attestation(name))


def build_attestation(name: str) -> Attest:
    """What an authority says of a person, to the world: nothing but that it is one."""
    return Attest(
        subject=get_account_id(name),
        kind="person",
        jurisdiction="RU",
        commitment=compute_hash(b"test-commit", name.encode()),
        tag=compute_hash(b"test-tag", name.encode()),
        until_slot=FOR_EVER,
    )


def propose_roof(story: Story) -> None:
    """What melted in people's hands pays for the school's roof."""
    village = story.village
    context = village.ledger.get_context(village.slot)
    held = village.money.social
    amount = min(held // PARTS_OF_A_FUND, get_spendable(village.ledger.state, context, "social"))
    amount = amount // PAI * PAI
    story.propose(
        "lida",
        SpendFund("social", get_account_id("marat"), amount, "school roof"),
        f"{story.pai(amount)} pai for the school's roof, to Marat the roofer",
        f"{story.pai(amount)} пая на крышу школы, кровельщику Марату",
    )
    story.tell(
        "The social fund holds {held} pai of demurrage. Lida proposes to mend the school's roof.",
        "В социальном фонде {held} пая демереджа. Лида предлагает починить крышу школы.",
        held=story.pai(held),
    )


def leave(story: Story) -> None:
    """Nina moves to the city and leaves a debt."""
    village = story.village
    village.pay(LEAVER, "rosa", village.get_left(LEAVER))
    village.silent.add(LEAVER)
    story.tell(
        "Nina moves to the city, having spent all she could owe.",
        "Нина уехала в город, потратив всё, что могла занять.",
    )


def propose_write_off(story: Story) -> None:
    """The reserve is asked to take over what Nina owes, as far as its rate allows."""
    village = story.village
    context = village.ledger.get_context(village.slot)
    most = get_spendable(village.ledger.state, context, "reserve")
    amount = min(-village.get_balance(LEAVER), most // 2) // PAI * PAI
    if amount > 0:
        story.propose(
            "olga",
            WriteOff(get_account_id(LEAVER), amount),
            f"{story.pai(amount)} pai of Nina's debt go to the reserve",
            f"{story.pai(amount)} пая долга Нины — на резерв",
        )


def go_on(story: Story, today: date) -> None:
    """What takes weeks: the harvest is sold, lines are returned, the notary sees people."""
    village = story.village
    if today.month in (8, 9) and today.day % 3 == 0:
        _sell_harvest(story)
    if today.month in (9, 10):
        _return_lines(story)
    notary = village.ledger.state.authorities.get(get_account_id(NOTARY))
    if notary is not None and "attested again" not in story.happened:
        attest_again(story)
    for name in story.newcomers:
        if village.is_alive(name) and village.dice.random() < 0.4:
            village.pay(name, village.dice.choice(village.people.shops), 8 * PAI)
    if today.day == 28 and 4 <= today.month <= 9:
        context = village.ledger.get_context(village.slot)
        known = sum(
            is_identified(village.ledger.state, context, get_account_id(name))
            for name in story.newcomers
        )
        story.tell("Newcomers so far: {n}.", "Новых участников: {n}.", n=known)


def _sell_harvest(story: Story) -> None:
    """Shops and households lay in for the winter."""
    village = story.village
    growers = [name for name in village.people.growers if name not in village.ruined]
    for name in village.pick(village.people.members, 0.25):
        village.pay(name, village.dice.choice(growers), village.dice.randint(6, 20) * PAI)
    for shop in village.people.shops:
        village.pay(shop, FARM, village.get_left(shop) // 12, "grain")


def _return_lines(story: Story) -> None:
    """Who has earned enough returns his line, and his guarantor is free."""
    village = story.village
    for debtor, loan in list(story.loans.items()):
        debts = get_debts(village.ledger.state, get_account_id(debtor))
        if not any(grant.loan == loan for grant in debts.grants):
            del story.loans[debtor]
        elif village.get_balance(debtor) >= 0 and village.get_left(debtor) > SOWING:
            village.act(debtor, ReturnLoan(loan))
            del story.loans[debtor]
            story.returned += 1


def tell_harvest(story: Story) -> None:
    """What is left of the lines in October."""
    story.tell(
        "The terms of all lines are over; returned before: {n}. Whoever is below his own limit "
        "now has thirty days.",
        "Сроки всех ссуд истекли; возвращено раньше: {n}. У того, кто ниже своего предела, теперь "
        "тридцать дней.",
        n=story.returned,
    )


def hail(story: Story) -> None:
    """Hail takes what Galina has grown; what she may still owe goes for winter feed."""
    village = story.village
    village.ruined.add(UNLUCKY)
    village.pay(UNLUCKY, FARM, village.get_left(UNLUCKY), "feed")
    story.tell(
        "Hail has taken Galina's cabbages. What she may still owe goes for feed; nobody can take "
        "her limit from one day to the next.",
        "Капусту Галины побил град. Всё, что она ещё может занять, идёт на корм; предел не "
        "отнимут у неё в один день.",
    )


def _get_pairs(story: Story) -> list[tuple[str, str]]:
    """Growers who ask, and the masters who answer for them."""
    people = story.village.people
    return list(zip(people.growers[:8], people.masters, strict=False))


EVENTS: Final[dict[tuple[int, int], Callable[[Story], None]]] = {
    (1, 1): found,
    (1, 2): attest_farm,
    (1, 20): name_guardians,
    (3, 3): propose_committee,
    (4, 7): ask_for_seed,
    (4, 8): answer_for_neighbours,
    (4, 10): grant_seed,
    (4, 26): welcome,
    (5, 16): propose_retirement,
    (5, 17): propose_notary,
    (5, 26): welcome,
    (6, 26): welcome,
    (7, 9): lose_keys,
    (7, 24): find_keys,
    (7, 26): welcome,
    (8, 2): hail,
    (8, 26): welcome,
    (9, 8): tell_harvest,
    (9, 15): propose_roof,
    (9, 26): welcome,
    (10, 5): leave,
    (11, 3): propose_write_off,
}
