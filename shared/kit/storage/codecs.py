"""Convert decimals and dates to BSON: Decimal128 and ISO strings."""

from datetime import UTC, date
from decimal import Decimal

from bson.codec_options import CodecOptions, TypeCodec, TypeEncoder, TypeRegistry
from bson.decimal128 import Decimal128

from shared.kit.storage.documents import Document


class _DecimalCodec(TypeCodec):
    python_type = Decimal
    bson_type = Decimal128

    def transform_python(self, value: Decimal) -> Decimal128:
        return Decimal128(value)

    def transform_bson(self, value: Decimal128) -> Decimal:
        return value.to_decimal()


class _DateEncoder(TypeEncoder):
    python_type = date

    def transform_python(self, value: date) -> str:
        return value.isoformat()


CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=True, tzinfo=UTC, type_registry=TypeRegistry([_DecimalCodec(), _DateEncoder()])
)
