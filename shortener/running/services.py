"""The objects that web and commands work with, made once for an application by `create_app`."""

import logging
import platform
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shortener.accounts import signing_secrets
from shortener.accounts.last_used import LastUsed
from shortener.accounts.message_rates import MessageRates
from shortener.alerts import kind as alerts
from shortener.alerts.loop import Alerts, NodeAlerts
from shortener.alerts.node import Spool
from shortener.callbacks import kind as callbacks
from shortener.callbacks.forms import Form
from shortener.campaigns.loop import Campaigns
from shortener.clicks.recorder import Recorder
from shortener.config.settings import Settings
from shortener.delivery.loop import Deliverer
from shortener.exports import kind as exports
from shortener.installation import clock, public_addresses
from shortener.installation.site import Site
from shortener.messages.group_commit import GroupCommit
from shortener.outbound.client import Client
from shortener.receipts.incoming import Reader
from shortener.reporting import face_messages
from shortener.reporting.totals_loop import Totals
from shortener.retention.loop import Pruner
from shortener.rules.delivery import gateway_name, receiver
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.gateway_choice import Gateways
from shortener.rules.slug import Slugs
from shortener.rules.visitors import visitor
from shortener.running.background import Background
from shortener.running.long_calls import LongCalls
from shortener.running.strangers import Strangers
from shortener.running.watch import Watch
from shortener.sending import asker, choice
from shortener.sending import kind as sendings
from shortener.sending.asker import Asker
from shortener.sending.choice import VendorApis
from shortener.sending.sweeper import Sweeper
from shortener.storage import db
from shortener.storage.lookups import Readers
from shortener.storage.models import Installation
from shortener.telemetry import metrics

EXTENSION = "shortener"
log = logging.getLogger(__name__)


@dataclass
class Services:
    """Settings, and objects made from them. Properties that read the database need an application context."""

    app: Flask = field(repr=False)
    settings: Settings
    policy: receiver.Policy
    visitor_rules: visitor.Rules
    client: Client
    deliverer: Deliverer
    recorder: Recorder
    readers: Readers
    group_commit: GroupCommit
    message_rates: MessageRates
    pruner: Pruner
    totals: Totals
    campaigns: Campaigns
    last_used: LastUsed
    long_calls: LongCalls
    gateways: Gateways
    sendings: Deliverer
    exports: Deliverer
    sweeper: Sweeper
    alerts: Deliverer
    incidents: Alerts
    node_alerts: NodeAlerts
    askers: list[Asker]
    watch: Watch
    warnings: list[str]  # what every start tells the operator
    strangers: Strangers = field(default_factory=Strangers)
    callback_forms: dict[str, Form] = field(default_factory=dict)  # by the vendor's name; vendors add theirs
    # By the gateway's name; vendors add theirs.
    receipt_readers: dict[str, Reader] = field(default_factory=lambda: dict(choice.RECEIPT_READERS))

    @cached_property
    def background(self) -> Background:
        """The loops of a process that delivers."""
        if_needed = {self.sendings: self.needs_sendings, self.exports: lambda: bool(self.settings.export_places)}
        helpers = [self.pruner, self.totals, self.campaigns, self.sweeper, self.incidents, *self.askers]
        return Background(self.deliverer, {**if_needed, self.alerts: lambda: True}, helpers)

    def needs_sendings(self) -> bool:
        """Whether there is a gateway, or there are sendings from a time with one. True if the database is away."""
        if self.settings.configured_gateways:
            return True
        try:
            with self.app.app_context(), db.read() as session:
                return sendings.has_unsettled(session)
        except SQLAlchemyError:
            return True

    def spool_counts(self) -> tuple[int, int] | None:
        """How many clicks wait in this node's spool, and how many were lost; None if that cannot be read."""
        try:
            with self.app.app_context():
                return self.recorder.counts()
        except (OSError, SQLAlchemyError):
            return None

    def spool(self) -> Spool | None:
        """What this node's spool has and had; None if it cannot be read."""
        counts = self.spool_counts()
        return Spool(*counts, int(metrics.spooled.total())) if counts else None

    def wake_sendings(self) -> None:
        """Say that a message may be due for its gateway."""
        self.sendings.wake()

    @cached_property
    def slugs(self) -> Slugs:
        """The slugs of this installation; its salt was made with its database and never changes."""
        # A look-up works inside a transaction and on a node that is read-only.
        row = self.readers.row(select(Installation.slug_salt), {})
        if row is None:
            raise RuntimeError("the database has no installation")
        return Slugs(row[0])

    @cached_property
    def site(self) -> Site:
        """The public site of this installation."""
        with Session(db.db.engine) as session:
            own_hosts = public_addresses.hosts(session, self.settings.base_url)
        return Site(
            base_url=self.settings.base_url,
            own_hosts=own_hosts,
            link_life=timedelta(days=self.settings.link_days),
            slugs=self.slugs,
            gateways=self.gateways,
        )

    def prepare(self) -> None:
        """Check the secret key, and store the public address and the time; called at every start.

        SecretKeyError if stored signing secrets cannot be decrypted, because then no event could be signed.
        """
        for sentence in self.warnings:
            log.warning(sentence)
        with db.write() as session:
            signing_secrets.check_secret_keys(session, self.settings.secret_keys)
            public_addresses.remember(session, self.settings.base_url)
            clock.note(session, db.now(session))


def make(app: Flask, settings: Settings, vendor_apis: VendorApis) -> Services:
    """Make the services for these settings, and attach them to the application.

    SettingsError if a gateway is named that is neither ours nor a vendor's, or that carries another channel.
    """
    policy = receiver.Policy(
        allow_nets=settings.callback_allow_nets,
        allow_hosts=settings.callback_allow_hosts,
        deny_nets=settings.callback_deny_nets,
        ports=frozenset(settings.callback_ports) or None,
        allow_http=settings.callback_allow_http == "on",
        own_hosts=settings.own_receivers,
    )
    ca_bundle = str(settings.callback_ca_bundle) if settings.callback_ca_bundle else None
    client = Client(policy, timeout=settings.callback_timeout, ca_bundle=ca_bundle)
    callback_forms: dict[str, Form] = {}
    gateways = choice.make(settings, vendor_apis)

    def load_messages(session: Session, ids: Collection[int]) -> Mapping[int, FaceMessage]:
        return face_messages.load(session, ids, made.site)

    deliverer = Deliverer(callbacks.kind(settings, client, callback_forms, load_messages), app.app_context)
    told = Deliverer(alerts.kind(settings, client), app.app_context)
    readers = db.readers(app)
    recorder = Recorder(app.app_context, settings, slugs=lambda: made.slugs, on_callbacks=deliverer.wake)
    metrics.gateways.know([*gateway_name.OWN, *vendor_apis])
    made = Services(
        app=app,
        settings=settings,
        policy=policy,
        visitor_rules=visitor.parse_rules(settings.visitors or "", visitor.default_rules()),
        client=client,
        last_used=LastUsed(app.app_context),
        deliverer=deliverer,
        recorder=recorder,
        readers=readers,
        group_commit=GroupCommit(
            on_sendings=lambda: made.wake_sendings(),
            admit=lambda account, messages: made.message_rates.admit(account, messages),
        ),
        message_rates=MessageRates(settings.messages_per_second),
        pruner=Pruner(app.app_context, settings),
        totals=Totals(app.app_context),
        campaigns=Campaigns(
            app.app_context, lambda: made.site, policy, lambda: made.wake_sendings(), settings.retention_days
        ),
        long_calls=LongCalls(settings.threads),
        callback_forms=callback_forms,
        gateways=choice.chosen(settings, vendor_apis),
        sendings=Deliverer(sendings.kind(settings, gateways, lambda: made.site), app.app_context),
        exports=Deliverer(exports.kind(settings, app.app_context, lambda: made.site), app.app_context),
        alerts=told,
        incidents=Alerts(app.app_context, settings, told.wake),
        node_alerts=NodeAlerts(app.app_context, settings, lambda: made.spool(), platform.node() or "node"),
        sweeper=Sweeper(app.app_context, settings, gateways),
        askers=asker.make(app.app_context, gateways, deliverer.wake),
        watch=Watch(app.app_context, readers, recorder),
        warnings=list(choice.without_receipts(settings, vendor_apis)),
    )
    app.extensions[EXTENSION] = made
    return made


def services() -> Services:
    """Return the services of the current application; for views and commands only (ADR 0030)."""
    found: Services = current_app.extensions[EXTENSION]
    return found
