import pytest
import torch
from ganzoo_stylegan2 import StyleGAN2
from ganzoo_stylegan2.path_length import PathLength, image_noise, path_lengths

from ganzoo import DataSpec

DATA = DataSpec((1, 8, 8), 1)


def linear_images(layers):
    """Images (N, 1, 2, 2) = the sum of J w over layers, their w (N, L, 3), and J (4, 3)."""
    torch.manual_seed(0)
    jacobian, w = torch.randn(4, 3), torch.randn(5, layers, 3, requires_grad=True)
    return (w.sum(dim=1) @ jacobian.T).reshape(5, 1, 2, 2), w, jacobian


@pytest.mark.parametrize("layers", [1, 4])
def test_the_path_length_of_a_linear_generator_is_that_of_its_jacobian_times_y(layers):
    images, w, jacobian = linear_images(layers)
    y = torch.randn_like(images)
    assert torch.allclose(path_lengths(images, w, y), (y.reshape(5, 4) @ jacobian).norm(dim=1))


def test_an_orthogonal_jacobian_has_the_length_of_y_in_every_direction():
    w = torch.randn(5, 1, 4, requires_grad=True)
    y = torch.randn(5, 1, 2, 2)
    images = (w @ torch.linalg.qr(torch.randn(4, 4))[0]).reshape(5, 1, 2, 2)
    assert torch.allclose(path_lengths(3 * images, w, y), 3 * y.flatten(1).norm(dim=1), atol=1e-5)


def test_images_that_do_not_move_have_length_zero_and_a_finite_gradient():
    w = torch.ones(2, 1, 4, requires_grad=True)
    images = torch.tanh(100 * w).reshape(2, 1, 2, 2)  # flat in float32
    lengths = path_lengths(images, w, torch.ones_like(images))
    lengths.sum().backward()
    assert lengths.tolist() == [0.0, 0.0] and w.grad.isfinite().all()


def test_noise_has_variance_one_over_the_number_of_pixels():
    torch.manual_seed(0)
    y = image_noise(torch.zeros(64, 3, 16, 8))
    assert y.square().sum(dim=(2, 3)).mean().item() == pytest.approx(1.0, abs=0.02)


def test_the_average_moves_by_a_hundredth_and_the_penalty_is_the_distance_to_it():
    memory = PathLength()
    assert memory.penalty(torch.tensor([2.0, 4.0])).item() == pytest.approx((1.97**2 + 3.97**2) / 2)
    assert memory.average.item() == pytest.approx(0.03)
    assert memory.penalty(torch.tensor([5.0])).item() == pytest.approx((5 - 0.0797) ** 2)
    assert memory.average.item() == pytest.approx(0.03 + 0.01 * (5 - 0.03))


def penalties(model, calls, n=8):
    torch.manual_seed(0)
    network, z, c = model.generator(DATA, 0), torch.randn(n, model.z_dim), torch.zeros(n, 0)
    return [model.generator_penalty(network, z, c) for _ in range(calls)], network


def test_of_so_many_updates_the_last_is_regularised():
    values, _ = penalties(StyleGAN2(path_every=3), calls=7)
    assert [value.item() > 0 for value in values] == [False, False, True, False, False, True, False]


def test_the_count_goes_on_where_loaded_weights_left_it():
    memory, again = PathLength(), PathLength()
    assert [memory.is_due(3) for _ in range(4)] == [False, False, True, False]
    assert [again.is_due(3) for _ in range(2)] == [False, False]
    again.load_state_dict(memory.state_dict())
    assert [again.is_due(3) for _ in range(3)] == [False, True, False] and again.calls.item() == 7


def test_a_penalty_that_is_asked_for_seldom_weighs_more():
    (often,), _ = penalties(StyleGAN2(path_weight=1.0, path_every=1), calls=1)
    (*_, seldom), _ = penalties(StyleGAN2(path_weight=1.5, path_every=8), calls=8)
    assert seldom.item() == pytest.approx(12 * often.item(), rel=1e-5)


def test_without_a_weight_there_is_no_penalty_and_no_work():
    (value,), network = penalties(StyleGAN2(path_weight=0.0), calls=1)
    assert value.item() == 0 and not value.requires_grad and network.path_length.calls.item() == 0


@pytest.mark.parametrize(("shrink", "used"), [(1, 8), (2, 4), (3, 2), (100, 1)])
def test_a_part_of_the_batch_is_enough(shrink, used):
    model, seen = StyleGAN2(path_every=1, path_shrink=shrink), []
    network = model.generator(DATA, 0)
    network.synthesis.register_forward_hook(lambda _, inputs, output: seen.append(len(output)))
    model.generator_penalty(network, torch.randn(8, model.z_dim), torch.zeros(8, 0))
    assert seen == [used]


def test_the_penalty_has_a_gradient_for_the_weights_of_the_mapping_network():
    (value,), network = penalties(StyleGAN2(path_every=1), calls=1)
    value.backward()
    assert all(weight.grad.abs().sum() > 0 for weight in network.mapping.parameters())


def test_descent_on_the_penalty_makes_path_lengths_alike():
    torch.manual_seed(0)
    model = StyleGAN2(channel_max=16, path_weight=1.0, path_every=1, path_shrink=1)
    network, c = model.generator(DATA, 0), torch.zeros(16, 0)
    weights, spread = list(network.parameters()), []
    for _ in range(40):
        penalty = model.generator_penalty(network, torch.randn(16, model.z_dim), c)
        spread.append(penalty.item())
        gradients = torch.autograd.grad(penalty, weights, allow_unused=True)
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                weight -= 0 if gradient is None else 5e-3 * gradient.sign()
    assert sum(spread[-5:]) < 0.2 * sum(spread[:5])
