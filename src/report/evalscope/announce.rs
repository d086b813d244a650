//! What a point says while it goes on: a [`Moment`] comes in, the line about it goes out, where EvalScope has one.

use super::Lang;
use crate::record::Moment;

/// The line about a moment.
pub(in crate::report) fn words(moment: &Moment<'_>, lang: Lang) -> Option<String> {
    match (moment, lang) {
        (Moment::Ready, Lang::En) => Some("Test connection successful.".to_owned()),
        (Moment::Ready, Lang::Zh) => Some("连接测试成功。".to_owned()),
        (Moment::WarmingUp(count), Lang::En) => Some(format!("Warming up with {count} requests...")),
        (Moment::WarmingUp(count), Lang::Zh) => Some(format!("正在用 {count} 个请求预热……")),
        _ => None,
    }
}
