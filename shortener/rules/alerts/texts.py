"""The words of alerts, in English and Japanese: a mail has both, because nobody's language is known."""

from dataclasses import dataclass
from typing import Final

from shortener.rules.alerts.incident_kind import IncidentKind


@dataclass(frozen=True, slots=True)
class Words:
    """What a kind of incidents is called, what happened, what to do, and that it is over."""

    title: str
    happened: str
    advice: str
    over: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the words are filled with; times as text. `account` is empty for the installation."""

    account: str
    subject: str
    since: str
    until: str
    count: int
    page: str

    def fill(self, words: str) -> str:
        """Put the facts into a sentence."""
        filled = {"account": self.account, "subject": self.subject, "count": f"{self.count:,}"}
        return words.format(**filled, since=self.since, until=self.until)


ENGLISH: Final = {
    IncidentKind.CALLBACKS_EXHAUSTED: Words(
        "Callbacks exhausted",
        "Callbacks of the account {account} were not delivered, and no retry is left: {count} so far.",
        "The account's page of callbacks shows why the receiver did not take them. Mend that, then replay them there.",
        "No further callback of the account {account} was exhausted for an hour. {count} were exhausted in all; those "
        "that were not replayed are still on the account's page of callbacks.",
    ),
    IncidentKind.RECEIVER_FAILING: Words(
        "A receiver fails",
        "The receiver {subject} of the account {account} has taken no callback for an hour or longer.",
        "Check that the receiver runs and responds with status 200. Callbacks are kept and retried meanwhile.",
        "The receiver {subject} of the account {account} takes callbacks again, or is not called any more.",
    ),
    IncidentKind.CLICKS_SPOOLED: Words(
        "Clicks went to the spool",
        "The node {subject} could not store clicks in the database in time, and put them into its spool: {count} or "
        "more so far. None is lost.",
        "Check that the database runs and is fast enough. The node stores the clicks by itself as soon as it can.",
        "The spool of the node {subject} is not in use any more, or the node has not reported for a day.",
    ),
    IncidentKind.CLICKS_LOST: Words(
        "Clicks were lost",
        "The node {subject} could store clicks neither in the database nor in its spool: {count} so far. Their "
        "visitors were asked to try again.",
        "Check the database, and the disk of SHORTENER_SPOOL on that node. The log names each click.",
        "The node {subject} has lost no further click for an hour.",
    ),
    IncidentKind.LIMIT_NEAR: Words(
        "80% of the monthly limit used",
        "The account {account} has used 80% of its limit of messages for {subject}: {count} messages.",
        "Ask the operator for a higher limit if more messages are to be sent in this month.",
        "The account {account} is below 80% of its limit of messages again.",
    ),
    IncidentKind.LIMIT_REACHED: Words(
        "Monthly limit reached",
        "The account {account} has used its limit of messages for {subject}: {count} messages. Further messages of "
        "this month are refused.",
        "Ask the operator for a higher limit, or send again in the next month.",
        "The account {account} can send messages again.",
    ),
}
JAPANESE: Final = {
    IncidentKind.CALLBACKS_EXHAUSTED: Words(
        "コールバックを配信できませんでした",
        "アカウント {account} のコールバックを配信できず、再試行の回数も使い切りました(現在 {count} 件)。",
        "アカウントのコールバックのページで受信側が受け取らなかった理由を確認し、解決後に同じページから再送してください。",
        "アカウント {account} では、この1時間に新たな配信不能のコールバックはありません(合計 {count} 件)。"
        "再送していないものはコールバックのページに残っています。",
    ),
    IncidentKind.RECEIVER_FAILING: Words(
        "受信側でエラーが続いています",
        "アカウント {account} の受信側 {subject} が、1時間以上コールバックを受け取っていません。",
        "受信側が稼働し、ステータス 200 を返しているか確認してください。"
        "その間もコールバックは保持され、再試行されます。",
        "アカウント {account} の受信側 {subject} は、再びコールバックを受け取っているか、もう呼び出されていません。",
    ),
    IncidentKind.CLICKS_SPOOLED: Words(
        "クリックをスプールに保存しています",
        "ノード {subject} はクリックを時間内にデータベースへ保存できず、スプールに保存しました(現在 {count} 件以上)。"
        "失われたクリックはありません。",
        "データベースが稼働し、十分に速いか確認してください。クリックは可能になり次第、自動で保存されます。",
        "ノード {subject} のスプールは使われなくなったか、ノードから1日間連絡がありません。",
    ),
    IncidentKind.CLICKS_LOST: Words(
        "クリックが失われました",
        "ノード {subject} はクリックをデータベースにもスプールにも保存できませんでした(現在 {count} 件)。"
        "訪問者には再度開くよう案内しました。",
        "データベースと、そのノードの SHORTENER_SPOOL のディスクを確認してください。"
        "各クリックはログに記録されています。",
        "ノード {subject} では、この1時間に失われたクリックはありません。",
    ),
    IncidentKind.LIMIT_NEAR: Words(
        "月間上限の80%に達しました",
        "アカウント {account} は {subject} のメッセージ上限の80%を使いました({count} 件)。",
        "今月さらに送信する場合は、運用者に上限の引き上げを依頼してください。",
        "アカウント {account} の使用量は、再びメッセージ上限の80%未満です。",
    ),
    IncidentKind.LIMIT_REACHED: Words(
        "月間上限に達しました",
        "アカウント {account} は {subject} のメッセージ上限を使い切りました({count} 件)。今月の新しいメッセージは"
        "受け付けられません。",
        "運用者に上限の引き上げを依頼するか、翌月に送信してください。",
        "アカウント {account} は再びメッセージを送信できます。",
    ),
}
_MAIL: Final = """\
{happened}

Since: {since}{ended}
{advice}
{page}

----

{happened_ja}

開始: {since}{ended_ja}
{advice_ja}
{page}
"""


def sentence(kind: IncidentKind, facts: Facts, *, is_over: bool) -> str:
    """Say in English what happened, or that it is over."""
    words = ENGLISH[kind]
    return facts.fill(words.over if is_over else words.happened)


def title(kind: IncidentKind, facts: Facts, *, is_over: bool) -> str:
    """Return the subject of a mail."""
    about = " ".join(each for each in (facts.account, facts.subject) if each)
    english, japanese = ENGLISH[kind].title, JAPANESE[kind].title
    both = f"Over: {english} / 解消: {japanese}" if is_over else f"{english} / {japanese}"
    return f"{both} ({about})"


def mail(kind: IncidentKind, facts: Facts, *, is_over: bool) -> str:
    """Return the text of a mail, in both languages."""
    english, japanese = ENGLISH[kind], JAPANESE[kind]
    return _MAIL.format(
        happened=facts.fill(english.over if is_over else english.happened),
        happened_ja=facts.fill(japanese.over if is_over else japanese.happened),
        advice="" if is_over else f"\n{english.advice}\n",
        advice_ja="" if is_over else f"\n{japanese.advice}\n",
        since=facts.since,
        ended=f"\nUntil: {facts.until}" if is_over else "",
        ended_ja=f"\n終了: {facts.until}" if is_over else "",
        page=facts.page,
    )
