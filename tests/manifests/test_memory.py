import pytest

from kit.errors import UserError
from kit.manifests import mebibytes


@pytest.mark.parametrize("memory", ["2", "0Gi", "2G", "-1Gi", "1.5Gi", "lots"])
def test_an_amount_that_is_none_is_refused(memory):
    with pytest.raises(UserError, match="no amount of memory"):
        mebibytes(memory)
