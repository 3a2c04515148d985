"""The commands of authorities, of guardians, and of those who take a name."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # names
    "A name for the account, by which others find and pay it.": (
        "Имя счёта, по которому его находят и ему платят."
    ),
    "A name for {name}": "Имя для {name}",
    "Another name costs": "Другое имя стоит",
    "Be nameless again; nobody else gets the name for 360 periods.": (
        "Снова остаться без имени; 360 периодов его никто не получит."
    ),
    "Find the address of a name; no wallet is needed.": (
        "Найти адрес по имени; кошелёк для этого не нужен."
    ),
    "Give up the name of {name}": "Оставить имя {name}",
    "Given up for it": "Вместо имени",
    "Nobody here has the name @{name}.": "Имени @{name} здесь ни у кого нет.",
    "Pay somebody: an address, a request, a name of the address book, or @NAME in the ledger.": (
        "Заплатить: по адресу, запросу, имени из адресной книги или @ИМЕНИ в реестре."
    ),
    "Price": "Цена",
    "Show the account's name, and what another would cost.": (
        "Показать имя счёта и цену другого имени."
    ),
    "Take a name, in place of the one the account has.": "Взять имя вместо прежнего.",
    "none": "нет",
    # guardians
    "A public key, of a guardian or for the account; may be given several times.": (
        "Открытый ключ поручителя или новый ключ счёта; можно несколько раз."
    ),
    "Agree only if you have heard it from the owner, by voice.": (
        "Соглашайтесь, только если слышали просьбу от самого владельца, голосом."
    ),
    "A list of revoked certificates (PEM, DER), of each issuer one.": (
        "Список отозванных сертификатов (PEM, DER), от каждого издателя по одному."
    ),
    "Certificate ends": "Сертификат действует до",
    "Lists of revoked certificates": "Списки отозванных сертификатов",
    "it is in none": "его там нет",
    "not looked at": "не смотрели",
    "Whether the certificate was revoked has not been looked at: fetch its issuer's list and give "
    "it with --crl. It lies at: {places}": (
        "Не отозван ли сертификат, не проверялось: возьмите список у издателя и укажите его через "
        "--crl. Он лежит здесь: {places}"
    ),
    "Guardians are recovering this account: from {when} on it has other keys. If you did not ask "
    "for it, stop them: pai wallet recover cancel {name}": (
        "Поручители восстанавливают этот счёт: с {when} у него будут другие ключи. Если вы об этом "
        "не просили, остановите их: pai wallet recover cancel {name}"
    ),
    "This recovery can be completed from {when} on; until then the owner may stop it.": (
        "Завершить это восстановление можно с {when}; до тех пор владелец может его остановить."
    ),
    "As what; whatever is no person has no vote, such as farm or shop.": (
        "Кем: person — человек; всё прочее, вроде «хозяйство» или «магазин», голоса не даёт."
    ),
    "A kind is a word or two of at most {count} bytes, such as person, farm or shop.": (
        "Вид — слово или два, не больше {count} байтов: person (человек), хозяйство, магазин."
    ),
    "Nobody has paid this account yet, and it pays for its transactions: let somebody send 1 pai "
    "or more to {address}, then adopt again.": (
        "На этот счёт ещё никто не платил, а за свои транзакции он платит сам: пусть кто-нибудь "
        "отправит 1 пай или больше на {address}, затем повторите."
    ),
    "This authority attests them already; take them out of the file, or renew: {names}": (
        "Этих центр уже удостоверяет; уберите их из файла или продлите: {names}"
    ),
    "This authority does not attest them, so there is nothing to renew; issue instead: {names}": (
        "Этих центр не удостоверяет, продлевать нечего; выдайте удостоверение заново: {names}"
    ),
    "person": "человек",
    "Give the account's new key with --key: the owner reads it off 'pai wallet new NAME --address "
    "ADDRESS'.": (
        "Укажите новый ключ счёта через --key: владельцу его печатает «pai wallet new ИМЯ "
        "--address АДРЕС»."
    ),
    "Agree?": "Согласны?",
    "The account has this key already: {key}. If it was lost or stolen, let its owner tell you "
    "another.": (
        "Этот ключ у счёта уже есть: {key}. Если его потеряли или украли, пусть владелец назовёт "
        "вам другой."
    ),
    "These are the very keys that the account has now: to recover it with them would change "
    "nothing. Let its owner make a new key ('pai wallet new NAME --address ADDRESS') and tell you "
    "that one.": (
        "Это те самые ключи, которые у счёта и так есть: восстановление с ними ничего не "
        "изменит. Пусть владелец создаст новый ключ («pai wallet new ИМЯ --address АДРЕС») и "
        "назовёт вам его."
    ),
    "This is too long for a QR code: pass on the file, or the text.": (
        "Для QR-кода это слишком длинно: передайте файл или строку."
    ),
    "As a guardian: agree to the new keys of the file CONSENT.": (
        "Поручителю: согласиться с новыми ключами из файла CONSENT."
    ),
    "As a guardian: ask for new keys for the account of the file GUARDIANS.": (
        "Поручителю: попросить новые ключи для счёта из файла GUARDIANS."
    ),
    "Begin the recovery that guardians agreed to, and lend its bond.": (
        "Начать восстановление, на которое согласны поручители, и внести за него залог."
    ),
    "Bond, lost if the owner stops it": "Залог; пропадёт, если владелец остановит",
    "Complete a recovery": "Завершить восстановление",
    "Delay, periods": "Срок, периодов",
    "Give ACCOUNT its new keys, once the delay has passed; anybody may.": (
        "Дать счёту ACCOUNT новые ключи, когда срок прошёл; может кто угодно."
    ),
    "Give each of them": "Передайте каждому",
    "Give the guardians' --key and a --file for them, or --none.": (
        "Укажите ключи поручителей (--key) и файл для них (--file) либо --none."
    ),
    "Guardians": "Поручители",
    "Guardians of {name}": "Поручители {name}",
    "Guardians who have still to agree": "Согласий не хватает",
    "Guardians who have still to agree: {count}.": "Не хватает согласий поручителей: {count}.",
    "Guardians, and the recovery of an account whose keys are lost.": (
        "Поручители и восстановление счёта, ключи которого потеряны."
    ),
    "How long a recovery takes; else what the community suggests.": (
        "Сколько длится восстановление; иначе — как предлагает сообщество."
    ),
    "How many guardians have to agree.": "Сколько поручителей должны согласиться.",
    "How many of the new keys have to sign.": "Сколько новых ключей должны подписывать.",
    "How often in 90 periods your own keys may stop them.": (
        "Сколько раз за 90 периодов их могут остановить ваши ключи."
    ),
    "If you did not ask for it": "Если вы об этом не просили",
    "In force after, periods": "Вступит в силу через, периодов",
    "Name guardians, and write the file that each of them keeps.": (
        "Назвать поручителей и записать файл, который каждый из них хранит."
    ),
    "Name nobody: dismiss the guardians.": "Никого не называть: отпустить поручителей.",
    "New key": "Новый ключ",
    "New keys": "Новые ключи",
    "None of the guardians' keys is in this wallet.": (
        "Ни одного из ключей поручителей в этом кошельке нет."
    ),
    "Recover an account": "Восстановить счёт",
    "Recovery": "Восстановление",
    "Show guardians and recovery of this account, or of ACCOUNT.": (
        "Показать поручителей и восстановление этого счёта или счёта ACCOUNT."
    ),
    "Stop the recovery of this account: its keys are not lost.": (
        "Остановить восстановление этого счёта: его ключи не потеряны."
    ),
    "Stop the recovery of {name}": "Остановить восстановление {name}",
    "Stops left": "Осталось отмен",
    "Where to write what guardians need.": "Куда записать то, что нужно поручителям.",
    "Written to {path}. Guardians who have still to agree: {count}.": (
        "Записано в {path}. Не хватает согласий поручителей: {count}."
    ),
    "You may stop them, in 90 periods": "Вы можете их остановить, раз за 90 периодов",
    "known only to the owner ({hash}…); delay, periods: {delay}; stops allowed: {cancels}": (
        "известны только владельцу ({hash}…); срок, периодов: {delay}; отмен разрешено: {cancels}"
    ),
    "nobody": "никто",
    "none runs": "не идёт",
    "runs until {when}": "идёт до {when}",
    "{needed} of {count} must agree": "всего {count}, согласиться должны {needed}",
    "{path} is no file of guardians, or it is damaged.": (
        "{path} — не файл поручителей, или он повреждён."
    ),
    # signing together
    "Add this wallet's signature to a transaction that several people sign.\n\nFILE is what --out "
    "has written, or the text of a QR code; - reads that from standard input.": (
        "Добавить подпись этого кошелька к транзакции, которую подписывают несколько человек.\n\n"
        "FILE — то, что записал --out, или текст QR-кода; «-» читает его со стандартного ввода."
    ),
    "Show it as text and QR code for the next signer, too.": (
        "Показать ещё текстом и QR-кодом для следующего подписывающего."
    ),
    # authorities
    "As": "Как",
    "At most {count} applications fit one transaction: make several files.": (
        "В одну транзакцию помещается не больше заявлений, чем {count}: сделайте несколько файлов."
    ),
    "Attest as {name}": "Удостоверить от имени {name}",
    "Attest everybody in a file of applications, CSV or TOML, from the authority's wallet NAME.": (
        "Удостоверить всех из файла заявлений (CSV или TOML) кошельком центра NAME."
    ),
    "Attested": "Удостоверено",
    "Authority": "Удостоверяющий центр",
    "Draw the secret of a new group of authorities, from which tags are made.": (
        "Создать секрет новой группы удостоверяющих центров, из которого делаются метки."
    ),
    "Ends": "До",
    "Give the authority to this wallet?": "Передать центр этому кошельку?",
    "Give the founders' authority to the wallet NAME, made with 'wallet new --address'.": (
        "Передать центр основателей кошельку NAME, созданному командой «wallet new --address»."
    ),
    "Group": "Группа",
    "List the authorities, and how many persons each may still bring in.": (
        "Показать удостоверяющие центры и сколько людей каждый ещё может принять."
    ),
    "New, of at most": "Новых из",
    "Place": "Место",
    "Renew the attestations of everybody in a file of applications, with fresh openings.": (
        "Продлить удостоверения всех из файла заявлений; у каждого будет новый личный файл."
    ),
    "Revoke as {name}": "Отозвать от имени {name}",
    "Say who is who, as an authority; show who you are, as a member.": (
        "Центру — сказать, кто есть кто; участнику — показать, кто он."
    ),
    "Say who is who; show who you are.": "Сказать, кто есть кто; показать, кто вы.",
    "Sent. From its block on this wallet signs for the authority.": (
        "Отправлено. С блока, в который это войдёт, за центр подписывает этот кошелёк."
    ),
    "Show who vouches for ACCOUNT, an address or @NAME, and until when.": (
        "Показать, кто удостоверяет счёт ACCOUNT (адрес или @ИМЯ) и до какого срока."
    ),
    "Take back what the authority has said of ACCOUNTS. Their money and payments stay theirs.": (
        "Отозвать сказанное центром о счетах ACCOUNTS. Деньги и платежи остаются при них."
    ),
    "The file with the secret of the authority's group.": "Файл с секретом группы центра.",
    "Until": "До срока",
    "Where its documents come from, like RU.": "Откуда его документы, например RU.",
    "Where to write what each member keeps; private.": (
        "Куда записать то, что хранит каждый участник; это тайна."
    ),
    "Written to {path}. All authorities of the group need the same file, and nobody else may have "
    "it: whoever has it can find out whose tag is whose.": (
        "Записано в {path}. Этот же файл нужен всем центрам группы, и больше никому: у кого он "
        "есть, тот узнает, чья метка чья."
    ),
    "retired": "выведен",
    "{path} is not of this wallet's account.": "{path} — не от счёта этого кошелька.",
    # openings
    "A field to show, or several; without one they are listed.": (
        "Поле, которое показать, можно несколько; без него поля перечисляются."
    ),
    "Check what somebody shows you against the ledger.": (
        "Проверить по реестру то, что вам показывают."
    ),
    "From": "С",
    "Fields kept back": "Полей не показано",
    "Make an application from an X.509 certificate: the first of a PEM file, then its chain.": (
        "Сделать заявление из сертификата X.509: он первый в файле PEM, за ним его цепочка."
    ),
    "No: the ledger holds no such statement of this authority. Believe none.": (
        "Нет: в реестре нет такого удостоверения этого центра. Не верьте ничему из этого."
    ),
    "PEM file of the roots that the authority trusts.": (
        "Файл PEM с корневыми сертификатами, которым верит центр."
    ),
    "Print the line that an applicant signs with the key of his certificate.": (
        "Напечатать строку, которую заявитель подписывает ключом своего сертификата."
    ),
    "Show some of the fields of your OPENING, and keep the others.": (
        "Показать некоторые поля из своего файла OPENING и не показать остальные."
    ),
    "The applicant's address.": "Адрес заявителя.",
    "The applicant's signature of the challenge (SHA-256).": (
        "Подпись заявителя под этой строкой (SHA-256)."
    ),
    "The application to write (TOML).": "Куда записать заявление (TOML).",
    "The authority says this of the account's owner. That whoever shows it is the owner is another "
    "question: let him pay you something from it.": (
        "Центр говорит это о владельце счёта. Владелец ли тот, кто это показывает, — другой "
        "вопрос: пусть заплатит вам что-нибудь с этого счёта."
    ),
    "The file to write, for who shall see it.": "Куда записать — для того, кто должен увидеть.",
    "The file to write.": "Какой файл записать.",
    "Where to write them.": "Куда их записать.",
    "Write from the founders' private file what each founding member keeps.": (
        "Записать из тайного файла основателей то, что хранит каждый участник-основатель."
    ),
    "Written to": "Записано в",
    "Written to {path}: it shows these fields and no others.": (
        "Записано в {path}: видны эти поля, и никакие другие."
    ),
    "Written: {count}. Each belongs to one member, and to nobody else.": (
        "Записано: {count}. Каждый файл — для одного участника, и больше ни для кого."
    ),
    "counts": "действует",
    "counts no more": "больше не действует",
    "revoked": "отозвано",
    "without end": "без срока",
}

SENTENCES: Final[dict[str, str]] = {
    "an address or a document stands here twice": "адрес или документ встречается здесь дважды",
    "everybody needs the number of a document": "у каждого должен быть номер документа",
    "name the fields to show, each one of: {0}": "назовите поля, которые показать, из этих: {0}",
    "no certificates in PEM are here": "сертификатов в PEM здесь нет",
    "no way to a trusted root. The issuers' certificates belong into the same file, after the "
    "holder's, and the root into --roots. In detail: {0}": (
        "нет пути к доверенному корню. Сертификаты издателей кладут в тот же файл, после "
        "сертификата владельца, а корневой — в --roots. Подробно: {0}"
    ),
    "an RSA key of {0} bits is too short to trust: 2,048 is the least": (
        "ключ RSA в {0} бит слишком короток, чтобы ему верить; нужно не меньше 2048"
    ),
    "{0} uses the algorithm {1}, which cannot be checked here. What can: RSA from 2,048 bits, "
    "ECDSA with P-256, P-384 or P-521, with SHA-256, SHA-384 or SHA-512, and Ed25519 for the "
    "holder's own key. Check this certificate with a program that knows its algorithm, and write "
    "the application by hand": (
        "{0}: алгоритм {1} здесь не проверить. Проверяются RSA от 2048 бит и ECDSA на P-256, P-384 "
        "и P-521 с SHA-256, SHA-384 и SHA-512; ключ самого владельца может быть и Ed25519. "
        "Проверьте этот сертификат программой, которая знает его алгоритм, и впишите заявление "
        "руками"
    ),
    "{0} is valid from {1} to {2} only": "{0}: действует только с {1} по {2}",
    "the holder's certificate is itself among the trusted roots: nobody vouches for it": (
        "сертификат владельца сам стоит среди доверенных корней: за него никто не ручается"
    ),
    "{0} was revoked on {1}": "{0}: сертификат отозван {1}",
    "none of the lists given with --crl is about it. Its issuer's lies at {0}": (
        "ни один из списков, данных через --crl, о нём не говорит. Список его издателя лежит по "
        "адресу {0}"
    ),
    "this list is not signed by whom it names as its issuer": (
        "список подписал не тот, кто назван в нём издателем"
    ),
    "this list holds from {0} to {1} (UTC): fetch a fresh one from its issuer": (
        "список действует с {0} по {1} (UTC): возьмите у издателя свежий"
    ),
    "this is no list of revoked certificates (CRL), neither in PEM nor in DER": (
        "это не список отозванных сертификатов (CRL) — ни в PEM, ни в DER"
    ),
    "nobody applies here": "заявлений здесь нет",
    "this is not what '{0}' writes, or it is damaged": (
        "это не тот файл, который пишет «{0}», или он повреждён"
    ),
    "this is not the certificate holder's signature of the challenge": (
        "это не подпись владельца сертификата под строкой"
    ),
}
