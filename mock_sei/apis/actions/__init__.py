"""The actions that can answer an operation: one file each, with the action's name and ``act``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mock_sei.apis.actions import (
    change,
    collect_report,
    create,
    example,
    job_status,
    list_records,
    read,
    remove,
    rename,
    submit_report,
    transition,
    upload,
)
from mock_sei.apis.calls import ApiAnswer, ApiCall

Act = Callable[[ApiCall], ApiAnswer]

ACTS: Mapping[str, Act] = {
    module.ACTION: module.act
    for module in (
        change,
        collect_report,
        create,
        example,
        job_status,
        list_records,
        read,
        remove,
        rename,
        submit_report,
        transition,
        upload,
    )
}
