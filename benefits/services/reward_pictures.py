"""Pictures of rewards: looked at by what they are, not by their name, and drawn anew before they are kept."""

import hashlib
import io
from datetime import datetime
from typing import Final

from django.db import transaction
from PIL import Image, ImageOps

from benefits.models import Reward, RewardPicture
from benefits.reward_refusals import PictureRefused

BYTES_MAX: Final = 5 * 1024 * 1024
PIXELS_MAX: Final = 40_000_000
SIDE_MAX: Final = 1_200
FORMATS: Final = ("JPEG", "PNG", "WEBP")


@transaction.atomic
def set_picture(*, reward: Reward, content: bytes, by: str, at: datetime) -> RewardPicture:
    """Show `reward` by the picture in `content`: JPEG, PNG or WebP, at most 5 MB and 40 megapixels.

    It is decoded and written again as WebP of at most 1,200 pixels a side: nothing that was hidden in the
    file, no place where it was taken, comes along. The same picture is kept once.

    :raises PictureRefused: too large, or not such a picture
    """
    drawn, (width, height) = _drawn_anew(content)
    name = hashlib.sha256(drawn).hexdigest()
    picture, _is_new = RewardPicture.objects.get_or_create(
        sha256=name,
        defaults={
            "content": drawn,
            "width": width,
            "height": height,
            "uploaded_by": by,
            "uploaded_at": at,
        },
    )
    reward.picture = picture
    reward.save(update_fields=["picture"])
    return picture


def _drawn_anew(content: bytes) -> tuple[bytes, tuple[int, int]]:
    if len(content) > BYTES_MAX:
        raise PictureRefused(field="picture", why="too_large", bytes_max=BYTES_MAX)
    try:
        # Only these decoders are tried, whatever the file calls itself.
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            # Known from the header: a small file may unpack to gigabytes.
            if image.width * image.height > PIXELS_MAX:
                raise PictureRefused(field="picture", why="too_many_pixels", pixels_max=PIXELS_MAX)
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((SIDE_MAX, SIDE_MAX))
            plain = upright.convert("RGBA" if "A" in upright.getbands() else "RGB")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as unreadable:
        # What Pillow raises for what it cannot read.
        raise PictureRefused(field="picture", why="not_a_picture") from unreadable
    file = io.BytesIO()
    plain.save(file, "WEBP", quality=82)
    return file.getvalue(), plain.size
