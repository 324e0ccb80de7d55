"""A form: who may submit it, and what becomes of its fields."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar, Final, Self

from pydantic import BaseModel

from services.leads.form.domain.errors import FormInactive, OriginNotAllowed
from shared.kit.domain import Aggregate

DEFAULT_PER_MINUTE: Final = 60


class FormFields(BaseModel):
    """What administrators set of a form.

    Attributes:
        fields: the field of the lead, such as `first_name`, `phones`, `utm.source`, for each field of the form that is
            one; what the form has besides is kept in the comments of the lead.
        honeypot: a field that people do not see; who fills it is a program, and makes no lead.
        origins: of the pages that browsers may send it from; other programs than browsers name none.
        thanks_url: where a browser goes afterwards, unless a script has sent the form.
    """

    name: str = ""
    is_active: bool = True
    fields: Mapping[str, str] = {}
    responsible_id: str = ""
    source_id: str | None = None
    origins: tuple[str, ...] = ()
    honeypot: str | None = None
    per_minute: int = DEFAULT_PER_MINUTE
    thanks_url: str | None = None


class Form(Aggregate, FormFields):
    """A form of a site or an ad network, which proves itself by a secret of its own.

    No other service needs to know of it, so nothing is told of it: the leads that come in by it name it. The secret has
    256 random bits, so one round of SHA-256 keeps it.
    """

    NOUN: ClassVar[str] = "form"

    secret_hash: str | None = None
    secret_at: datetime | None = None
    created_by: str
    created_at: datetime
    updated_by: str
    updated_at: datetime

    @classmethod
    def create(cls, id_: str, fields: FormFields, *, by: str, at: datetime) -> Self:
        """Create a form, which takes nothing before it has a secret."""
        return cls(id=id_, **dict(fields), created_by=by, created_at=at, updated_by=by, updated_at=at)

    @property
    def actor(self) -> str:
        """Who has made the leads that came in by it."""
        return f"{self.NOUN}:{self.id}"

    @property
    def has_secret(self) -> bool:
        """Whether anything can be submitted by it."""
        return self.secret_hash is not None

    def correct(self, fields: FormFields, *, by: str, at: datetime) -> None:
        """Set all that administrators set."""
        changed: Mapping[str, Any] = {
            name: value for name, value in dict(fields).items() if getattr(self, name) != value
        }
        for name, value in changed.items():
            setattr(self, name, value)
        if changed:
            self.updated_by, self.updated_at = by, at

    def set_secret(self, secret: str, *, by: str, at: datetime) -> None:
        """Take another secret; the former one is worth nothing from now on."""
        self.secret_hash, self.secret_at = _hashed(secret), at
        self.updated_by, self.updated_at = by, at

    def delete(self, *, by: str, at: datetime) -> None:
        """Become a tombstone; leads that came in by it stay."""
        for name, value in dict(FormFields()).items():
            setattr(self, name, value)
        self.secret_hash = self.secret_at = None
        self.updated_by, self.updated_at, self.deleted_at = by, at, at

    def is_proven_by(self, key: str) -> bool:
        """Whether a key is its secret; it takes as long whatever is wrong with it."""
        return hmac.compare_digest(_hashed(key), self.secret_hash or "") and self.has_secret

    def admits(self, origin: str | None) -> bool:
        """Whether it is for the site of a page; None where no browser says which page it is."""
        return origin is None or origin in self.origins

    def check_open(self, origin: str | None) -> None:
        """Check that it takes a submission.

        Raises:
            FormInactive: it is switched off.
            OriginNotAllowed: it is for other sites.
        """
        if not self.is_active:
            raise FormInactive("The form takes nothing at present.")
        if not self.admits(origin):
            raise OriginNotAllowed("The form is not for the site of this page.")


def _hashed(secret: str) -> str:
    return sha256(secret.encode(errors="surrogateescape")).hexdigest()
