//! The stage `report`.
