"""The product's routes and an empty DRF view."""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from loyalty.urls import urlpatterns as product


class Nothing(APIView):
    """Reads the body, answers at once."""

    permission_classes = ()

    def post(self, request: Request) -> Response:
        return Response({"read": len(request.data)}, status=201)


urlpatterns = [path("bench/nothing", Nothing.as_view()), *product]
