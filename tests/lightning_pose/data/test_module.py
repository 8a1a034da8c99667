from collections import Counter

from lightning_pose.data.module import EpochSampler


def epochs(sampler: EpochSampler, n: int) -> list[list[list[int]]]:
    found = []
    for epoch in range(n):
        sampler.set_epoch(epoch)
        found.append(list(sampler))
    return found


def test_every_instant_is_drawn_equally_often_in_full_batches():
    rows = list(range(100, 110))
    course = epochs(EpochSampler(rows, 4, seed=0), 10)
    batches = [batch for epoch in course for batch in epoch]
    assert {len(batch) for batch in batches} == {4}
    assert Counter(row for batch in batches for row in batch) == dict.fromkeys(rows, 12)


def test_an_epoch_depends_on_seed_and_number_alone():
    rows = list(range(10))
    straight = epochs(EpochSampler(rows, 4, seed=0), 6)
    late = EpochSampler(rows, 4, seed=0)
    late.set_epoch(4)
    assert list(late) == straight[4]
    assert epochs(EpochSampler(rows, 4, seed=1), 6) != straight


def test_a_batch_may_be_larger_than_the_data():
    batches = list(EpochSampler([5, 6, 7], 8, seed=0))
    assert len(batches) == 1
    assert len(batches[0]) == 8
    assert set(batches[0]) == {5, 6, 7}
