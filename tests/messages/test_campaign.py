"""Campaign files: formats that are read, columns that are used, and the output."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from shortener.errors import CampaignError
from shortener.messages import campaign
from shortener.messages.campaign import Plan, Progress
from shortener.messages.campaign_files import Csv, File, JsonLines
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account, Message, Part
from tests.support.factories import TARGET, TEXT, Sender

NEW = list(campaign.ADDED)
Run = Callable[..., bytes]
Table = list[dict[str, str]]


def as_csv(data: bytes | str, **options: str) -> Csv:
    return Csv(buffered(data), **options)


def as_lines(*documents: object) -> JsonLines:
    return JsonLines(buffered("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in documents)))


def buffered(data: bytes | str) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data.encode() if isinstance(data, str) else data))  # type: ignore[arg-type]


def plan(column: str = "message", prefix: str = "", **fields: str) -> Plan:
    """`field=column`, or a constant if the column begins with an equals sign."""
    constants = {field: name[1:] for field, name in fields.items() if name.startswith("=")}
    mapped = {field: name for field, name in fields.items() if not name.startswith("=")}
    return campaign.plan(column, mapped, constants, prefix)


PLAN = plan()


@pytest.fixture
def run(services: Services, sender: Sender) -> Run:
    """Preprocesses a file, returns what was written, and records the progress."""

    def run(file: File, plan: Plan = PLAN, key: str | None = None) -> bytes:
        with db.read() as session:
            account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        plan.check(file.columns)
        out = io.BytesIO()
        file.begin(out, plan.added)
        made, before = services, out.tell()
        for _ in campaign.run(file, plan, account, made.site, made.policy, idempotency_key=key):
            assert out.tell() > before, "progress is told only after its rows are written"
            before = out.tell()
        return out.getvalue()

    return run


def table(written: bytes, encoding: str = "utf-8", delimiter: str = ",") -> Table:
    return list(csv.DictReader(io.StringIO(written.decode(encoding), newline=""), delimiter=delimiter, strict=True))


def documents(written: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.splitlines()]


def stored_texts() -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Part.text).order_by(Part.message_id)))


def stored() -> list[Message]:
    with db.read() as session:
        return list(session.scalars(select(Message).order_by(Message.id)))


# What comes out


def test_every_row_keeps_columns_and_gains_text(run: Run) -> None:
    rows = table(run(as_csv(f"name,message\nAnn,Hello {TARGET} !\nBob,No link here\n")))
    assert [list(row) for row in rows] == [["name", "message", *NEW]] * 2
    ann, bob = rows
    assert (ann["name"], ann["message"], ann["problem"]) == ("Ann", f"Hello {TARGET} !", "")
    assert ann["shortlink"].startswith("https://s.example.com/")
    assert ann["rewritten_message"] == f"Hello {ann['shortlink']} !"
    assert (bob["rewritten_message"], bob["shortlink"], bob["problem"]) == ("No link here", "", "")
    assert [row["msgid"] for row in rows] == [message.msgid for message in stored()]


def test_lines_of_json_keep_their_fields_whatever_they_hold(run: Run) -> None:
    [document] = documents(run(as_lines({"message": TEXT, "price": 1.5, "more": {"a": [None]}})))
    assert list(document) == ["message", "price", "more", *NEW]
    assert (document["price"], document["more"], document["problem"]) == (1.5, {"a": [None]}, None)
    assert document["shortlink"] in document["rewritten_message"]


@pytest.mark.parametrize("rows", [0, 1, 249, 250, 251, 600])
def test_any_number_of_rows_comes_out_in_its_order(run: Run, rows: int) -> None:
    texts = [f"{number} {TARGET}" for number in range(rows)]
    found = table(run(as_csv("message\n" + "".join(f"{text}\n" for text in texts))))
    assert [row["message"] for row in found] == texts
    assert stored_texts() == texts


def test_a_file_without_rows_is_written_with_its_header(run: Run) -> None:
    assert run(as_csv("message\n")) == f"message,{','.join(NEW)}\n".encode()


# Which columns are which fields


def test_columns_named_like_fields_are_used(run: Run) -> None:
    head = "message,client_tag,recipient,tags,metadata,lt_callbackurl,track_link,other"
    full = f'{TARGET},order-1,+8190,"a,b","{{""k"": 1}}",http://127.0.0.1:9/,false,x'
    assert [row["problem"] for row in table(run(as_csv(f"{head}\n{full}\n{TARGET},,,,,,,\n")))] == ["", ""]
    used, empty = stored()
    assert (used.client_tag, used.recipient, used.tags, used.details) == ("order-1", "+8190", ["a", "b"], {"k": 1})
    assert (used.lt_callbackurl, used.track_link) == ("http://127.0.0.1:9/", False)
    assert (empty.client_tag, empty.recipient, empty.tags, empty.details) == (None, None, None, None)
    assert (empty.lt_callbackurl, empty.track_link) == (None, True)


def test_the_text_may_stand_in_another_column(run: Run) -> None:
    [row] = table(run(as_csv(f"message,text\nignored,{TARGET}\n"), plan("text")))
    assert (row["message"], row["text"]) == ("ignored", TARGET)
    assert stored_texts() == [TARGET]


def test_a_field_can_have_any_column_or_constant(run: Run) -> None:
    chosen = plan(client_tag="order", sender="=Shop", recipient="=all")
    run(as_csv(f"message,order,client_tag,recipient\n{TARGET},o-1,not this,nor this\n"), chosen)
    [message] = stored()
    assert (message.client_tag, message.sender, message.recipient) == ("o-1", "Shop", "all")


def test_a_column_named_like_a_field_can_be_ignored(run: Run) -> None:
    [row] = table(run(as_csv(f"message,metadata\n{TARGET},no JSON\n"), plan(metadata="")))
    assert (row["metadata"], row["problem"]) == ("no JSON", "")


# Faulty rows


def test_a_faulty_row_does_not_affect_others(run: Run) -> None:
    file = as_csv(f'message,detection\n{TARGET},\n,smart\n{TARGET},clever\n{TARGET}\na,b,c\n"x"y,\n{TARGET},smart\n')
    rows = table(run(file))
    assert [bool(row["problem"]) for row in rows] == [False, True, True, True, True, True, False]
    problems = [row["problem"] for row in rows]
    assert problems[1] == "message is required"
    assert problems[2].startswith("detection must be 'strict' or 'smart'")
    assert problems[3] == "The row has 1 cells, and the header 2."
    assert problems[4] == "The row has 3 cells, and the header 2."
    assert "is not valid CSV" in problems[5]
    assert all(row["msgid"] == row["rewritten_message"] == row["shortlink"] == "" for row in rows if row["problem"])
    assert len(stored()) == 2


def test_a_problem_names_the_column_as_the_file_does(run: Run) -> None:
    [row] = table(run(as_csv(f"text,no\n{TARGET},{'x' * 201}\n"), plan("text", client_tag="no")))
    assert row["problem"] == "no must be at most 200 characters"


def test_a_line_that_is_no_object_says_why(run: Run) -> None:
    data = f'{{"message": "{TARGET}"}}\n[1]\nnonsense\n\n{{"message": 5}}\n{{"message": "a", "message": "b"}}\n'
    found = documents(run(JsonLines(buffered(data))))
    assert [document["problem"] is None for document in found] == [True, False, False, False, False]
    assert [document["problem"] for document in found[3:]] == [
        "message must be text",
        "message must be given once",
    ]


def test_a_known_client_tag_names_its_message(run: Run) -> None:
    first, second = table(run(as_csv(f"message,client_tag\n{TARGET},t\n{TARGET},t\n")))
    assert first["problem"] == ""
    assert f"Its msgid is {first['msgid']}." in second["problem"]


# What spreadsheets write


@pytest.mark.parametrize("mark", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_spreadsheets_file_comes_out_as_it_came(run: Run, mark: str, delimiter: str) -> None:
    """Encoding, byte order mark, delimiter, line ends, cells with line ends, quotes and delimiters."""
    text = f'配送状況 "{TARGET}"、\nご確認ください;,\t'.replace('"', '""')
    data = f'名前{delimiter}message\r\n田中{delimiter}"{text}"\r\n'.encode(mark)
    written = run(as_csv(data, **({"encoding": mark} if mark == "cp932" else {})))
    assert written[:2] == data[:2]
    assert b"\r\0\n\0" in written if mark == "utf-16" else b"\r\n" in written
    [row] = table(written, mark, delimiter)
    assert (row["名前"], row["message"]) == ("田中", text.replace('""', '"'))
    assert stored_texts() == [row["message"]]


def test_rows_of_empty_cells_are_no_rows(run: Run) -> None:
    rows = table(run(as_csv(f"message,name\n{TARGET},Ann\n,\n , \n,,,\n\n{TARGET},\n,\n")))
    assert [(row["message"], row["problem"]) for row in rows] == [(TARGET, ""), (TARGET, "")]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (f"message\n荷物 {TARGET}\n", "cp932"),
        (f"message,名前\n{TARGET},Ann\n", "cp932"),
        (f"名前,message\n,{TARGET}\n", "euc_jp"),
        (f"message,name\n{TARGET},José\n", "cp1252"),
        (f"message,name\n{TARGET},정\n", "cp949"),
    ],
)
def test_a_file_in_another_encoding_is_refused_once(run: Run, text: str, encoding: str) -> None:
    with pytest.raises(CampaignError, match=r"not UTF-8.*--encoding cp932 \(Japan\) or --encoding cp1252"):
        run(as_csv(text.encode(encoding)))
    assert stored() == []
    [row] = table(run(as_csv(text.encode(encoding), encoding=encoding)), encoding)
    assert row["problem"] == ""


def test_a_character_cut_by_the_sample_is_accepted(run: Run) -> None:
    data = "message,name\n" + "".join(f"{TARGET},{'名' * length}\n" for length in range(300, 320))
    assert {row["problem"] for row in table(run(as_csv(data)))} == {""}


def test_undecodable_bytes_affect_only_their_row(run: Run) -> None:
    written = run(as_csv(b"message,name\nJos\xe9,Jos\xe9\nok,Jos\xe9\n", encoding="utf-8"))
    first, second = written.splitlines()[1:]
    assert first == b"Jos\xe9,Jos\xe9,,,,,message must be text in valid Unicode"
    assert second.startswith(b"ok,Jos\xe9,") and second.endswith(b",ok,,,")


def test_invalid_utf_16_ends_the_run(run: Run) -> None:
    with pytest.raises(CampaignError, match=r"not valid utf-16 after line \d+\."):
        run(as_csv(("message\n" + "a\n" * 50_000).encode("utf-16") + b"\x00\xd8\x0a\x00"))


# What is refused as a whole


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("", "The input is empty"),
        ('"mess"age\n', "cannot be read"),
        ("text,name\n", "no column named message. It has: text, name"),
        ("message,client_tag,client_tag\n", "several columns named client_tag"),
        ("message,problem\n", "The input has problem already"),
    ],
)
def test_an_unsuitable_header_stores_nothing(run: Run, data: str, says: str) -> None:
    with pytest.raises(CampaignError, match=says):
        run(as_csv(data))


def test_a_line_with_reserved_fields_ends_the_run(run: Run) -> None:
    with pytest.raises(CampaignError, match="has msgid already"):
        run(as_lines({"message": TEXT, "msgid": "mine"}))
    assert stored() == []


def test_new_columns_can_be_named_otherwise(run: Run) -> None:
    [row] = table(run(as_csv(f"message,msgid\n{TARGET},mine\n"), plan(prefix="new_")))
    assert (row["msgid"], len(row["new_msgid"])) == ("mine", 32)


# To do it again


def test_a_run_repeated_by_key_answers_alike(run: Run) -> None:
    data = "message\n" + "".join(f"{number} {TARGET}\n" for number in range(300))
    assert run(as_csv(data), key="autumn") == run(as_csv(data), key="autumn")
    assert len(stored()) == 300


def test_an_interrupted_run_is_completed_by_its_key(run: Run) -> None:
    whole = "message\n" + "".join(f"{number} {TARGET}\n" for number in range(300))
    part = whole[: whole.index("150 ")]
    before = run(as_csv(part), key="autumn")
    assert run(as_csv(whole), key="autumn").startswith(before)
    assert len(stored()) == 300


def test_a_changed_row_under_its_key_is_a_problem(run: Run) -> None:
    run(as_csv("message\na\nb\n"), key="autumn")
    first, second = table(run(as_csv("message\na\nc\n"), key="autumn"))
    assert (first["problem"], second["problem"][:29]) == ("", "This Idempotency-Key was used")


def test_a_run_reports_progress_after_each_transaction(services: Services, sender: Sender) -> None:
    with db.read() as session:
        account = session.scalars(select(Account)).one()
    file, made = as_csv("message\n" + "a\n" * 300 + '"x"y\n' + "a\n" * 99), services
    file.begin(io.BytesIO(), ())
    steps = campaign.run(file, plan(), account, made.site, made.policy)
    assert list(steps) == [Progress(250, 0, unlinked=250), Progress(400, 1, unlinked=399)]


def test_columns_of_other_names_are_only_copied(run: Run) -> None:
    data = f"message,subject,gateway,send_on,track,receipts_url\n{TEXT},Sale,web,yesterday,7,none\n"
    [row] = table(run(as_csv(data)))
    assert (row["problem"], row["gateway"], row["send_on"]) == ("", "web", "yesterday")
    assert [message.subject for message in stored()] == [None]


def test_other_fields_can_be_mapped(run: Run) -> None:
    run(as_csv(f"message,title\n{TEXT},Sale\n"), plan(subject="title"))
    assert [message.subject for message in stored()] == ["Sale"]
