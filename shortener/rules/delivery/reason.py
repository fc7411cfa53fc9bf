"""Why a message did not arrive: one word for each reason, with a sentence for people.

Gateways write codes. The numbers that most of them share, or translate to, are in `CODES`; a gateway with others has a
table of its own.
"""

import enum
from typing import Final, Literal, NamedTuple

from shortener.rules.delivery.message_state import MessageState

Language = Literal["en", "ja"]


class Reason(enum.StrEnum):
    """The reasons that we know."""

    NONE = "none"
    UNKNOWN = "unknown"
    ABSENT_TEMPORARY = "absent_temporary"
    ABSENT_PERMANENT = "absent_permanent"
    BARRED_BY_USER = "barred_by_user"
    PORTABILITY = "portability"
    SPAM = "spam"
    BUSY = "busy"
    NETWORK = "network"
    OPTED_OUT = "opted_out"
    BAD_MESSAGE = "bad_message"
    NO_ROUTE = "no_route"
    UNREACHABLE = "unreachable"
    AGE = "age"
    BLOCKED_BY_CARRIER = "blocked_by_carrier"
    NO_CREDIT = "no_credit"
    RATE = "rate"
    PROVIDER_BLOCK = "provider_block"
    FRAUD_RULE = "fraud_rule"
    FRAUD_RANGE = "fraud_range"
    FRAUD_BURST = "fraud_burst"
    FRAUD_AIT = "fraud_ait"
    BAD_SENDER_US = "bad_sender_us"
    DAILY_LIMIT = "daily_limit"
    REGULATION_ENTITY = "regulation_entity"
    REGULATION_HEADER = "regulation_header"
    REGULATION_CONTENT = "regulation_content"
    REGULATION_CONSENT = "regulation_consent"
    REGULATION = "regulation"
    GENERAL = "general"
    # Not in the gateways' common table
    QUIET_HOURS = "quiet_hours"
    MONTHLY_LIMIT = "monthly_limit"
    BAD_LINK = "bad_link"
    DUPLICATE = "duplicate"
    CANCELED = "canceled"
    MAILBOX_FULL = "mailbox_full"
    NO_SUCH_ADDRESS = "no_such_address"
    MAIL_REFUSED = "mail_refused"


class Meaning(NamedTuple):
    """What a reason means. `permanent`: the same message to the same recipient would fail again."""

    permanent: bool
    en: str
    ja: str


MEANINGS: Final[dict[Reason, Meaning]] = {
    Reason.NONE: Meaning(False, "Nothing went wrong.", "問題はありません。"),
    Reason.UNKNOWN: Meaning(
        False, "It did not arrive, and the gateway gave no reason.", "届きませんでした。理由は示されていません。"
    ),
    Reason.ABSENT_TEMPORARY: Meaning(
        False,
        "The phone could not be reached just now: off, or without signal. Try again later.",
        "電源が切れているか圏外のため、いまは電話機に届きません。時間をおいて送り直してください。",
    ),
    Reason.ABSENT_PERMANENT: Meaning(
        True,
        "The number is no longer in use. Take it off your lists.",
        "この番号は使われていません。宛先のリストから外してください。",
    ),
    Reason.BARRED_BY_USER: Meaning(
        True,
        "The recipient's line refuses such messages. Take it off your lists unless the recipient lifts the bar.",
        "受信者の回線がこの種のメッセージを拒否しています。受信者が解除しない限り、宛先のリストから外してください。",
    ),
    Reason.PORTABILITY: Meaning(
        False,
        "The number has moved to another operator, and the routes are not up to date yet.",
        "番号が別の事業者に移っており、経路がまだ切り替わっていません。",
    ),
    Reason.SPAM: Meaning(
        True,
        "The carrier's filter took the text for spam.",
        "通信事業者のフィルターが本文を迷惑メッセージと判断しました。",
    ),
    Reason.BUSY: Meaning(False, "The phone was busy. Try again.", "電話機が使用中でした。もう一度送ってください。"),
    Reason.NETWORK: Meaning(
        False,
        "The carrier's network failed. Try again.",
        "通信事業者のネットワークに障害がありました。もう一度送ってください。",
    ),
    Reason.OPTED_OUT: Meaning(
        True,
        "The recipient has opted out of messages from this service.",
        "受信者がこのサービスからの受信を断っています。",
    ),
    Reason.BAD_MESSAGE: Meaning(
        True,
        "The message is not well formed, e.g. its encoding.",
        "文字コードなど、メッセージの形式が正しくありません。",
    ),
    Reason.NO_ROUTE: Meaning(
        True,
        "The gateway has no route to this network.",
        "ゲートウェイからこのネットワークへの経路がありません。",
    ),
    Reason.UNREACHABLE: Meaning(
        True, "The number is invalid: check it.", "この番号は無効です。番号を確かめてください。"
    ),
    Reason.AGE: Meaning(
        True,
        "The recipient is too young for this kind of message.",
        "受信者の年齢では、この種のメッセージを受け取れません。",
    ),
    Reason.BLOCKED_BY_CARRIER: Meaning(
        True,
        "The carrier blocks SMS to this number. The recipient must ask the carrier.",
        "通信事業者がこの番号へのSMSをブロックしています。受信者から契約先の通信事業者に問い合わせてもらってください。",
    ),
    Reason.NO_CREDIT: Meaning(
        False,
        "The recipient's prepaid credit does not cover it.",
        "受信者のプリペイド残高が足りません。",
    ),
    Reason.RATE: Meaning(
        False,
        "Too many messages in too short a time at the gateway.",
        "ゲートウェイで、短い時間に送られたメッセージが多すぎました。",
    ),
    Reason.PROVIDER_BLOCK: Meaning(
        True,
        "The gateway blocked it, because of its content or limits of its own.",
        "内容または独自の制限により、ゲートウェイがブロックしました。",
    ),
    Reason.FRAUD_RULE: Meaning(True, "A rule against fraud stopped it.", "不正対策のルールにより止められました。"),
    Reason.FRAUD_RANGE: Meaning(
        True, "Too many messages went to numbers of one range.", "近い番号へのメッセージが多すぎたため止められました。"
    ),
    Reason.FRAUD_BURST: Meaning(
        True, "A sudden jump in traffic was stopped.", "送信数が急に増えたため止められました。"
    ),
    Reason.FRAUD_AIT: Meaning(True, "It was taken for artificial traffic.", "人為的に作られた通信と判断されました。"),
    Reason.BAD_SENDER_US: Meaning(
        True,
        "The United States take only registered long numbers and short codes as senders.",
        "米国では、登録済みの電話番号とショートコードだけを送信元にできます。",
    ),
    Reason.DAILY_LIMIT: Meaning(False, "The daily limit is reached.", "1日の送信上限に達しました。"),
    Reason.REGULATION_ENTITY: Meaning(
        True,
        "The entity id that the country demands is missing or wrong.",
        "その国で必要な事業者IDがないか、正しくありません。",
    ),
    Reason.REGULATION_HEADER: Meaning(
        True,
        "The registered sender is missing or wrong.",
        "登録済みの送信元がないか、正しくありません。",
    ),
    Reason.REGULATION_CONTENT: Meaning(
        True,
        "The content id that the country demands is missing or wrong.",
        "その国で必要なコンテンツIDがないか、正しくありません。",
    ),
    Reason.REGULATION_CONSENT: Meaning(True, "There is no consent on record.", "受信者の同意が記録されていません。"),
    Reason.REGULATION: Meaning(
        True,
        "A country's rule stopped it. No more is known.",
        "その国の規制により止められました。詳しい理由は示されていません。",
    ),
    Reason.GENERAL: Meaning(False, "Something failed while it was being processed.", "処理中に問題が起きました。"),
    Reason.QUIET_HOURS: Meaning(
        False,
        "It would have been sent within the account's quiet hours.",
        "アカウントの送信しない時間帯に当たるため、送りませんでした。",
    ),
    Reason.MONTHLY_LIMIT: Meaning(
        False, "The account's messages for this month are used up.", "アカウントの今月の送信上限に達しました。"
    ),
    Reason.BAD_LINK: Meaning(True, "A link of the message is not allowed.", "メッセージ内に使えないリンクがあります。"),
    Reason.DUPLICATE: Meaning(True, "An earlier message has the same id.", "同じIDのメッセージがすでにあります。"),
    Reason.CANCELED: Meaning(True, "It was taken back before it was sent.", "送信前に取り消されました。"),
    Reason.MAILBOX_FULL: Meaning(
        False,
        "The recipient's mailbox is full. Try again later.",
        "受信者のメールボックスがいっぱいです。時間をおいて送り直してください。",
    ),
    Reason.NO_SUCH_ADDRESS: Meaning(
        True,
        "The e-mail address does not exist. Take it off your lists.",
        "このメールアドレスは存在しません。宛先のリストから外してください。",
    ),
    Reason.MAIL_REFUSED: Meaning(
        True,
        "The recipient's mail server refuses the e-mail, by its content or its sender.",
        "内容または送信元を理由に、受信者のメールサーバーが受け取りを拒否しました。",
    ),
}
# The codes of the table that most gateways share.
CODES: Final[dict[str, Reason]] = {
    "0": Reason.NONE,
    "1": Reason.UNKNOWN,
    "2": Reason.ABSENT_TEMPORARY,
    "3": Reason.ABSENT_PERMANENT,
    "4": Reason.BARRED_BY_USER,
    "5": Reason.PORTABILITY,
    "6": Reason.SPAM,
    "7": Reason.BUSY,
    "8": Reason.NETWORK,
    "9": Reason.OPTED_OUT,
    "10": Reason.BAD_MESSAGE,
    "11": Reason.NO_ROUTE,
    "12": Reason.UNREACHABLE,
    "13": Reason.AGE,
    "14": Reason.BLOCKED_BY_CARRIER,
    "15": Reason.NO_CREDIT,
    "16": Reason.RATE,
    "17": Reason.PROVIDER_BLOCK,
    "20": Reason.FRAUD_RULE,
    "21": Reason.FRAUD_RANGE,
    "22": Reason.FRAUD_BURST,
    "23": Reason.FRAUD_AIT,
    "39": Reason.BAD_SENDER_US,
    "41": Reason.DAILY_LIMIT,
    "50": Reason.REGULATION_ENTITY,
    "51": Reason.REGULATION_HEADER,
    "52": Reason.REGULATION_CONTENT,
    "53": Reason.REGULATION_CONSENT,
    "54": Reason.REGULATION,
    "99": Reason.GENERAL,
}
_UNLISTED: Final[dict[Language, str]] = {
    "en": "The gateway says {code}, which is not in our table.",
    "ja": "ゲートウェイの答えは「{code}」ですが、対応表にありません。",
}
# What we say ourselves, where no gateway has given a reason.
_OURS: Final[dict[MessageState, dict[Language, str]]] = {
    MessageState.UNKNOWN: {
        "en": "Nobody has said what became of it.",
        "ja": "どうなったのか、まだ誰からも知らせがありません。",
    },
    MessageState.EXPIRED: {
        "en": "It could not be handed to the gateway before its period of validity ended.",
        "ja": "有効期間が終わるまでに、ゲートウェイに渡せませんでした。",
    },
}


def shown(reason: Reason | None, code: str) -> Reason | None:
    """The reason to show: a code without a reason is not in our table."""
    return Reason.UNKNOWN if reason is None and code else reason


def explanation(
    reason: Reason | None, code: str, language: Language = "en", *, state: MessageState | None = None
) -> str | None:
    """A sentence that explains a state; None without reason and code, unless we know ourselves what to say."""
    if reason is None:
        ours = _OURS[state][language] if state in _OURS else None
        return _UNLISTED[language].format(code=code) if code else ours
    meaning = MEANINGS[reason]
    return meaning.ja if language == "ja" else meaning.en
