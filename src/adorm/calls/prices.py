"""What capacity units cost."""

from __future__ import annotations

import attrs

from adorm.checks import field, number


@attrs.frozen(kw_only=True)
class PriceTable:
    """Prices of request units, for estimates: `used.price(PriceTable(per_million_read_units=0.1525,
    ...))`.

    The defaults are AWS's prices on demand in us-east-1 for the table class STANDARD, in US dollars
    before tax and discounts, as they are since 1 November 2024. They change and differ by region:
    give your own where it matters. For STANDARD_INFREQUENT_ACCESS in us-east-1 AWS lists 0.155 and
    0.78. Not included: storage, backups, streams, replication to other regions. A table of
    provisioned capacity costs by the hour, not by what is consumed.

    https://aws.amazon.com/dynamodb/pricing/on-demand/

    Raises:
        UsageError: a price is not a finite number, 0 or more.
    """

    currency: str = "USD"
    region: str = "us-east-1"
    table_class: str = "STANDARD"
    """Only for the reader: it changes no price."""
    per_million_read_units: float = attrs.field(default=0.125, validator=field(number, zero=True))
    per_million_write_units: float = attrs.field(default=0.625, validator=field(number, zero=True))

    def of(self, read_units: float, write_units: float) -> float:
        """What these units cost, in `currency`."""
        return (
            read_units * self.per_million_read_units + write_units * self.per_million_write_units
        ) / 1_000_000
