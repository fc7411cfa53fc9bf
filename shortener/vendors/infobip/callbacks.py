"""What is pushed to Infobip's clients: reports in the form in which the message came, and clicks."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shortener.callbacks.forms import CallbackRequest, Form, Told
from shortener.rules.delivery.face_message import FaceMessage
from shortener.vendors.infobip import clicks, outcome, sending
from shortener.vendors.infobip.email import new_reports as new_mail_reports
from shortener.vendors.infobip.email import old_reports as old_mail_reports
from shortener.vendors.infobip.outcome import Outcome
from shortener.vendors.infobip.sms import new_reports, old_reports


class Pushed(NamedTuple):
    """How one form of messages tells about them."""

    report: Callable[[FaceMessage, Outcome], Mapping[str, Any]]
    click: Callable[[Told], Mapping[str, Any]]


BY_FORM: Final[Mapping[sending.Form, Pushed]] = {
    "sms/2": Pushed(old_reports.report, clicks.of_sms),
    "sms/3": Pushed(new_reports.report, clicks.of_sms),
    "email/3": Pushed(old_mail_reports.report, clicks.of_mail),
    "email/4": Pushed(new_mail_reports.report, clicks.of_mail),
}


def request(told: Told, _secrets: Sequence[str]) -> CallbackRequest:
    """Return the request that tells about a message: `{"results": [report]}`, or a click. It is not signed."""
    form = BY_FORM[told.message.fields[sending.FORM]]
    is_click = told.state is None
    document = form.click(told) if is_click else {"results": [form.report(told.message, outcome.of_told(told))]}
    return CallbackRequest(
        body=json.dumps(document, ensure_ascii=False).encode(), headers={"Content-Type": "application/json"}
    )


def _is_200(status: int) -> bool:
    return status == 200


FORM: Final = Form(request=request, accepts=_is_200, tells_clicks=True)
