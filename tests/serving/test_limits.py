from dataclasses import FrozenInstanceError, fields

import pytest

from kit.serving import Limits


def test_every_bound_is_there_and_stays():
    limits = Limits()
    switches = {"batch_timeout_s", "trust", "public_key", "max_pages"}
    bounds = {field.name for field in fields(Limits)} - switches
    assert all(getattr(limits, bound) > 0 for bound in bounds)
    with pytest.raises(FrozenInstanceError):
        limits.max_body_bytes = 1


def test_a_lone_request_does_not_wait_for_others():
    assert Limits().batch_timeout_s == 0


def test_the_largest_string_fits_into_a_body():
    assert Limits().max_string_bytes < Limits().max_body_bytes
