import numpy as np
import pytest
import tensorflow as tf

from kit.serving import Limits, ServingError, TensorSpec, load_version


@pytest.mark.parametrize(
    ("shape", "given", "fits"),
    [
        ((-1, 2), (5, 2), True),
        ((-1, 2), (0, 2), True),
        ((-1, 2), (5, 3), False),
        ((-1, 2), (2,), False),
        ((), (), True),
        ((), (1,), False),
        (None, (3, 4), True),
    ],
)
def test_shapes(shape, given, fits):
    spec = TensorSpec("x:0", "float", np.dtype(np.float32), shape)
    assert spec.fits(given) is fits
    assert spec.batched is (shape == (-1, 2))


def test_inputs_must_agree_on_the_rows(saved):
    version = load_version(saved / "kinds" / "1", Limits())
    tensors = {
        "d": np.zeros(2),
        "i": np.zeros((2, 2), np.int32),
        "b": np.zeros(2, bool),
        "u": np.zeros(2, np.uint8),
        "s": np.array([b"a"], object),
    }
    with pytest.raises(ServingError, match="equal 0th dimension"):
        version.signatures["rows"].check(tensors)
    tensors["s"] = np.array([b"a", b"b"], object)
    assert version.signatures["rows"].check(tensors) == 2
    version.close()


class Twice(tf.Module):
    """One tensor under two names, of a type JSON does not have, in a shape that is not known."""

    @tf.function(input_signature=[tf.TensorSpec(None, tf.bfloat16, "x")])
    def both(self, x):
        y = x + 1
        return {"a": y, "b": y}


def test_one_tensor_under_two_names(tmp_path):
    module = Twice()
    tf.saved_model.save(module, str(tmp_path / "1"), signatures={"serving_default": module.both})
    version = load_version(tmp_path / "1", Limits())
    signature = version.signatures["serving_default"]
    x = tf.constant([[1, 2]], tf.bfloat16).numpy()
    assert signature.check({"x": x}) == 1
    answer = signature.run({"x": x})
    assert answer["a"].astype(float).tolist() == answer["b"].astype(float).tolist() == [[2, 3]]
    version.close()


def test_types_are_told_as_tensorflow_serving_tells_them(saved):
    version = load_version(saved / "kinds" / "1", Limits())
    for given, name in ((np.zeros((1, 2)), "float64"), (np.array([[b"a"]], object), "string")):
        with pytest.raises(ServingError, match=f"Expects x to be float but {name} is provided"):
            version.signatures["serving_default"].check({"x": given})
    version.close()
