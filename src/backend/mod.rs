//! The stage `backend`.
