"""The numbers of refusals. They are part of the protocol and never change meaning."""

from enum import IntEnum
from typing import NamedTuple


class Code(IntEnum):
    """Why something was refused. Hundreds group by subject."""

    # 1xx: bytes
    MALFORMED = 101
    NOT_CANONICAL = 102
    TOO_LARGE = 103
    OTHER_RULES = 104
    # 2xx: the envelope of a transaction
    WRONG_VERSION = 201
    UNKNOWN_ACCOUNT = 202
    WRONG_SEQUENCE = 203
    FUTURE_SEQUENCE = 204
    EXPIRED = 205
    EXPIRY_TOO_FAR = 206
    UNKNOWN_REF = 207
    UNKNOWN_VIA = 208
    WRONG_SIGNATURES = 209
    BAD_SIGNATURE = 210
    POLICY_MISSING = 211
    POLICY_MISMATCH = 212
    POLICY_ALREADY_KNOWN = 213
    FEE_ABOVE_MAXIMUM = 214
    # 3xx: money
    INSUFFICIENT_BALANCE = 301
    FIRST_PAYMENT_TOO_SMALL = 302
    PAYMENT_TO_SELF = 303
    BALANCE_TOO_LARGE = 304
    # 4xx: savings
    TERM_OUT_OF_BOUNDS = 401
    TOO_MANY_DEPOSITS = 402
    DEPOSIT_TOO_SMALL = 403
    UNKNOWN_DEPOSIT = 404
    DEPOSIT_TOO_LITTLE = 405
    DEPOSIT_BONDED = 406
    # 5xx: seats
    NOT_IDENTIFIED = 501
    SEAT_EXISTS = 502
    NO_SEAT = 503
    TOO_MANY_SEATS = 504
    BAD_SEAT_KEY = 505
    KEY_USED_BEFORE = 506
    BAD_PROOF_OF_POSSESSION = 507
    DEPOSIT_NOT_BONDED = 508
    GENESIS_BOND_STAYS = 509
    WRONG_VOTE_KEY = 510
    BAD_TAKEOVER_SIGNATURE = 511
    TAKEOVER_TOO_SOON = 512
    KEYS_BEING_REPLACED = 513
    REPLACEMENT_TOO_SOON = 514
    SEAT_NOT_BONDED = 515
    BAD_NOTICE = 516
    NOTICE_TOO_SOON = 517
    TOO_MANY_LEAVING = 518
    # 8xx: blocks
    WRONG_CHAIN = 801
    WRONG_PARENT = 802
    WRONG_HEIGHT = 803
    WRONG_SLOT = 804
    WRONG_BASE = 805
    WRONG_SET = 806
    NOT_IN_SET = 807
    BAD_HEADER_SIGNATURE = 808
    BAD_VRF_PROOF = 809
    NOT_ELECTED = 810
    WRONG_RANK = 811
    WRONG_BODY_ROOT = 812
    WRONG_STATE_ROOT = 813
    BLOCK_UNITS_EXCEEDED = 814
    BLOCK_BYTES_EXCEEDED = 815
    WRONG_LOCK = 816
    PAUSE_TOO_LONG = 817
    # 82x: what consensus puts on record
    BAD_CERTIFICATE = 821
    NO_QUORUM = 822
    FINALITY_NOT_DUE = 823
    WRONG_FINALITY_SET = 824
    TARGET_NOT_ANCESTOR = 825
    FINALITY_NOT_HIGHER = 826
    WRONG_JUSTIFICATION = 827
    LATE_ACKS_NOT_DUE = 831
    ACKS_COUNTED = 832
    ROLL_CALL_NOT_DUE = 841
    HEAD_NOT_ANCESTOR = 842
    ALREADY_ATTENDED = 843
    BAD_ROLL_CALL = 844
    NO_OFFENCE = 851
    BAD_EVIDENCE = 852
    WRONG_SET_LIST = 853
    EVIDENCE_KNOWN = 854
    NO_BOND_LOCKED = 855
    # 9xx: the node, before any rule is asked
    MEMPOOL_FULL = 901
    MEMPOOL_ACCOUNT_FULL = 902
    ALREADY_KNOWN = 903


class Meaning(NamedTuple):
    """What a code says to people, and whether the same bytes may be accepted later."""

    temporary: bool
    text: str
