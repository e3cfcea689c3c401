"""What leaves deleted items out of reads of several models."""

from __future__ import annotations

from adorm.query.access import Access
from adorm.query.deleted import deletion_filter
from adorm.query.model_filters import ModelFilter, on_the_server
from adorm.single_tables.collection_binding import CollectionBinding
from adorm.single_tables.collection_plan import CollectionAccess


def without_deleted(
    found: CollectionAccess, binding: CollectionBinding, *, hydrates: bool, counting: bool
) -> CollectionAccess:
    """The same access, with the filters that leave out deleted items.

    Raises:
        UsageError: as `deletion_filter`, for one of the models.
    """
    access, models = found.access, binding.models.models
    filters: list[ModelFilter] = []
    for info in models:
        if info.deleted_at is not None:
            made = deletion_filter(
                info,
                info.deleted_at,
                access.target,
                shows_deleted=binding.shows_deleted,
                hydrates=hydrates,
                counting=counting,
            )
            filters += [ModelFilter((info,), condition) for condition in made]
    names = {info.deleted_at and info.deleted_at.attribute_name for info in models}
    if len(filters) == len(models) and len(names) == 1:  # one condition says it of all
        filters = [ModelFilter(tuple(models), filters[0].condition)]
    sent = (*access.filter, *on_the_server(filters, models, access.target))
    some = tuple(each for each in filters if len(each.models) < len(models))
    filtered = Access(access.target, access.key, sent, access.reason, access.partitions)
    return CollectionAccess(filtered, (*found.filters, *some))
