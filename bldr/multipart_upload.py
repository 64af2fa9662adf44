"""The state of a multipart upload, and the byte ranges of its parts (platform.md 4.4)."""

from collections.abc import Mapping

from msgspec import Struct

from bldr.errors import ResponseMalformed
from bldr.responses import UploadResponse


class Part(Struct, frozen=True):
    """The byte range of an archive that is one part."""

    number: int
    start: int
    size: int


class MultipartUpload(Struct, frozen=True):
    """The state of an upload: the sizes of received parts, and the URLs of the next missing parts, by part number."""

    id: str
    state: str
    size: int
    part_size: int
    received: Mapping[int, int]
    urls: Mapping[int, str]

    @classmethod
    def of(cls, response: UploadResponse, size: int) -> "MultipartUpload":
        """Return the upload of an archive of `size` bytes. Raises ResponseMalformed for impossible part numbers."""
        upload = cls(
            response.upload_id,
            response.state,
            size,
            response.part_size,
            {part.number: part.size for part in response.received},
            {part.number: part.url for part in response.parts},
        )
        if not all(1 <= number <= upload.part_count for number in (*upload.received, *upload.urls)):
            raise ResponseMalformed("the Builder's response contains parts that the archive does not have")
        return upload

    @property
    def part_count(self) -> int:
        """Number of parts of the archive."""
        return -(-self.size // self.part_size)

    @property
    def accepts_parts(self) -> bool:
        """Whether parts are missing and can be sent."""
        return self.state == "open" and bool(self.urls)

    def part(self, number: int) -> Part:
        """Return the byte range of a part. Only the last part is smaller than `part_size`."""
        start = (number - 1) * self.part_size
        return Part(number, start, min(self.part_size, self.size - start))
