"""Arrays that a run makes on its way: in memory while they are few, else in the study's folder.

Conventions
-----------
A shelf is a sequence that grows at its end. What is put on disk is an entry of the store, sealed
like every other; a checkpoint holds what is in memory, and of the rest its number. Nothing of a
shelf on disk outlives the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from gradsim_core.errors import RunError
from gradsim_core.storage.store import Store


class Shelf:
    """A growing sequence of arrays of one shape.

    Parameters
    ----------
    arrays : that are there at the beginning
    """

    def __init__(self, arrays: Iterable[np.ndarray] = ()) -> None:
        self._held = list(arrays)
        self._place: tuple[Store, str, str] | None = None
        self._n_put = 0

    @property
    def on_disk(self) -> bool:
        return self._place is not None

    def put_on_disk(self, store: Store, signature: str, folder: str) -> None:
        """Write the arrays that will come to a folder of the study's; only while there are none."""
        if len(self):
            raise ValueError("arrays that are in memory stay there")
        self._place = store, signature, folder

    def append(self, array: np.ndarray) -> None:
        """Put one more array behind the others."""
        if self._place is None:
            self._held.append(array)
            return
        store, signature, _ = self._place
        store.write_tensors(signature, self._name(self._n_put), {"array": array}, {})
        self._n_put += 1

    def stacked(self) -> np.ndarray:
        """All arrays as one, which is never there twice."""
        parts = iter(self)
        first = next(parts)
        found = np.empty((len(self), *first.shape), first.dtype)
        found[0] = first
        for i, part in enumerate(parts, 1):
            found[i] = part
        return found

    def find(self, n: int) -> bool:
        """Take up the first arrays that a run before this one put on disk; whether all are there.

        Parameters
        ----------
        n : how many there were at its last checkpoint
        """
        assert self._place is not None
        store, signature, _ = self._place
        self._n_put = n
        if all(store.exists(signature, self._name(i)) for i in range(n)):
            return True
        self._n_put = 0
        return False

    def clear(self) -> None:
        """Forget all arrays, also those on disk."""
        if self._place is not None:
            store, signature, _ = self._place
            for i in range(self._n_put):
                store.remove(signature, self._name(i))
        self._held, self._n_put = [], 0

    def __len__(self) -> int:
        return self._n_put if self._place else len(self._held)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, i: int) -> np.ndarray:
        if self._place is None:
            return self._held[i]
        store, signature, _ = self._place
        found = store.read_tensors(signature, self._name(range(self._n_put)[i]))
        if found is None:
            raise RunError(f"A part of the unfinished run of study {signature} is damaged. Run it "
                           "again: it starts from the beginning.")
        return np.asarray(found[0]["array"])

    def _name(self, i: int) -> str:
        assert self._place is not None
        return f"{self._place[2]}/{i}.safetensors"
