"""What only the vendor itself knows: templates, and whose a number is. Clients that ask get an answer all the same."""

import datetime as dt
from typing import Final

from shortener.vendors.aicross import calls, fields, times
from shortener.vendors.aicross.documents import AicrossOwner, AicrossTemplates
from shortener.vendors.aicross.faults import INVALID, REQUIRED, CallError
from shortener.web import message_reports
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import described, query
from shortener.web.vendor_requests import read

SUCCESS: Final = "Success."
OLDEST: Final = dt.timedelta(days=731)  # two years, of which one may be a leap year


@calls.BLUEPRINT.get("/p5/api/template.json")
@described(calls.question("template", "No templates."))
@for_senders(Scope.READ)
def template(account: Sender) -> AicrossTemplates:
    """List templates, of which there are none here."""
    fields.client_id(read().fields)
    return {"responseCode": 0, "responseMessage": SUCCESS, "count": 0, "templates": []}


@calls.BLUEPRINT.get("/p5/api/numbercleaning.json")
@described(
    calls.question(
        "numbercleaning",
        "That it is not known.",
        query("phoneNumber", "The number.", required=True, examples=["09012345678"]),
        query("referenceDate", "A day of the last two years: `yyyyMMdd` in Japan.", required=True),
    )
)
@for_senders(Scope.READ)
def number_cleaning(account: Sender) -> AicrossOwner:
    """Ask whether a number still belongs to the same person, which is never known here."""
    given = read().fields
    fields.client_id(given)
    number, day = fields.phone_number(given), fields.day(given, "referenceDate")
    if day is None:
        raise CallError(REQUIRED, "referenceDate")
    start, _ = times.today(message_reports.now())
    if not start - OLDEST <= day[0] <= start:
        raise CallError(INVALID, "referenceDate")
    return {
        "responseCode": 0,
        "responseMessage": SUCCESS,
        "phoneNumber": number,
        "referenceDate": times.written_day(day[0]),
        "status": "ERROR",
    }
