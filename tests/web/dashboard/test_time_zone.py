"""A person's time zone: chosen on a page, and used on all pages."""

import datetime as dt

from shortener.accounts import senders
from shortener.storage import db
from tests.support.browsing import Browser
from tests.support.factories import Sender, make_message

PAGE = "/dashboard/time-zone"
AT = dt.datetime(2026, 11, 28, 20, 35, tzinfo=dt.UTC)


def configure(zone: str) -> None:
    with db.write() as session:
        senders.configure(session, "shop", {"time_zone": zone})


def test_times_are_the_persons_or_the_accounts(viewer: Browser, sender: Sender) -> None:
    make_message(sender, client_tag="a", now=AT)
    assert "28 Nov 2026 20:35" in viewer.open("/dashboard/messages").text
    configure("Asia/Tokyo")
    page = viewer.open("/dashboard/messages")
    assert "29 Nov 2026 05:35" in page.text and "From (Asia/Tokyo)" in page.text
    page = viewer.send(viewer.open(PAGE).form("/time-zone"), time_zone=" Asia/Kathmandu ")
    assert page.form("/time-zone").fields["time_zone"] == "Asia/Kathmandu"
    assert "29 Nov 2026 02:20" in viewer.open("/dashboard/messages").text
    viewer.send(viewer.open(PAGE).form("/time-zone"), time_zone="")
    assert "29 Nov 2026 05:35" in viewer.open("/dashboard/messages").text


def test_japanese_pages_have_japanese_dates(viewer: Browser, sender: Sender) -> None:
    make_message(sender, now=AT)
    configure("Asia/Tokyo")
    page = viewer.open("/dashboard/messages?language=ja")
    assert "2026/11/29 05:35" in page.text and "開始日時（Asia/Tokyo）" in page.text


def test_an_unknown_time_zone_is_refused(operator: Browser) -> None:
    page = operator.send(operator.open(PAGE).form("/time-zone"), time_zone="JST")
    assert page.status == 422 and "must be a time zone of the IANA database" in page.text
    assert page.form("/time-zone").fields["time_zone"] == "JST"
    assert "All times are in the time zone UTC." in page.text


def test_filters_charts_and_exports_have_local_times(owner: Browser, sender: Sender) -> None:
    configure("Asia/Kolkata")
    make_message(sender, client_tag="a", now=AT)  # 02:05 on the next day
    form = owner.open("/dashboard/messages").forms[2]
    period = {"from": "2026-11-29T02:00", "to": "2026-11-29T03:00"}
    page = owner.send(form, **period)
    assert "a" in page.links and page.forms[2].fields.items() >= period.items()
    assert "a" not in owner.send(form, **{"from": "2026-11-28T00:00", "to": "2026-11-29T00:00"}).links
    page = owner.open("/dashboard", query_string={"from": "2026-11-27T00:00", "to": "2026-12-01T00:00"})
    assert "29 Nov 1 0" in page.text
    day = owner.open(page.links["1"])
    assert day.forms[2].fields.items() >= {"from": "2026-11-29T00:00", "to": "2026-11-30T00:00"}.items()
