"""Chip models with their published figures."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from ledger.ids import uuid7


class ChipModel(models.Model):
    """An accelerator model. TPP and performance density are computed (``catalog.spec``), never typed in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120, unique=True)
    vendor = models.CharField(max_length=80, blank=True, default="")
    vendor_country = models.CharField(max_length=2)
    is_data_centre = models.BooleanField()
    was_us_commercial_on_2026_01_15 = models.BooleanField(null=True)
    die_area_mm2 = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    is_non_planar = models.BooleanField(null=True)
    process_node = models.CharField(max_length=40, blank=True, default="")
    memory_gb = models.DecimalField(max_digits=8, decimal_places=1, null=True)
    dram_bandwidth_gb_s = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    interconnect_gb_s = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    tdp_w = models.IntegerField(null=True)
    launched = models.CharField(max_length=10, blank=True, default="")
    estimated_fields = models.JSONField(default=list)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ChipFigure(models.Model):
    """A published dense rate at one precision, in tera-operations a second."""

    chip = models.ForeignKey(ChipModel, on_delete=models.CASCADE, related_name="figures")
    precision = models.CharField(max_length=20)
    bit_length = models.IntegerField()
    dense_tera_ops = models.DecimalField(max_digits=12, decimal_places=3)
    is_estimate = models.BooleanField(default=False)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ("-bit_length",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("chip", "precision"), name="chip_figure_once"),
            models.CheckConstraint(condition=models.Q(dense_tera_ops__gt=0), name="chip_figure_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.chip} {self.precision}"
