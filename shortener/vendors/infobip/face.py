"""Infobip's wire format, so that its clients work unchanged: SMS and e-mail, sent, reported and listed.

Each channel has two generations of calls, which answer in two forms but share messages, reports and logs. Every link is
replaced, as the vendor does. Without a gateway, a message is rewritten and not sent: it stays `PENDING_ACCEPTED`.
"""

from typing import Final

from flask import Blueprint

from shortener.vendors import Face
from shortener.vendors.infobip import credentials, errors
from shortener.vendors.infobip.blueprint import TAG
from shortener.vendors.infobip.email.routes import EMAIL
from shortener.vendors.infobip.sms.routes import SMS
from shortener.web import path_groups

FACE: Final = Face(
    tag=TAG,
    description="Infobip's wire format: its clients work here unchanged. Without a gateway, the text is not sent.",
    prefixes=("/sms/1/", "/sms/2/", "/sms/3/", "/email/"),
    blueprint=Blueprint("infobip", __name__),
    authenticate=credentials.authenticate,
    schemes=(path_groups.BASIC, 'App realm="shortener"'),
    refuse=errors.refuse,
    credentials=credentials.DESCRIBED,
    references=("callbackData", "campaignReferenceId", "entityId", "applicationId"),
    bulk="bulkId",
)
for _channel in (SMS, EMAIL):
    FACE.blueprint.register_blueprint(_channel)
