"""Pages by cursor: stable while rows come and go, and each as cheap as the first."""

from rest_framework.pagination import CursorPagination


class ByCursor(CursorPagination):
    ordering = "id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
