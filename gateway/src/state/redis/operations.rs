//! What is asked of Redis, one operation after the other, and what does each answer mean?

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::future::BoxFuture;
use redis::Value;
use tokio::sync::watch;

use super::scripts::{COUNT, ENTER, INSIDE, LEAVE, PUT, SPEND, TAKE, WINDOW};
use super::shares::Share;
use super::{RedisState, call, millis, nudges};
use crate::limits::STATE_DEADLINE;
use crate::state::{
    Entered, Epoch, Look, SharedState, Space, Spent, StateError, Taken, bounded, bounded_look,
};

impl SharedState for RedisState {
    fn put<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        holder: &'a str,
        value: &'a [u8],
        life: Duration,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move {
            bounded(&[key, holder], value)?;
            let (share, call, life) = (Share::of(space, key), call()?, millis(life));
            let entry = share.key(space, "kept", key);
            let more: [&[u8]; 4] = [call.as_bytes(), holder.as_bytes(), value, life.as_bytes()];
            match self.inner.run(&PUT, share, &[&entry], (&call, &more)).await? {
                Value::BulkString(said) if said == b"put" => Ok(()),
                Value::BulkString(said) if said == b"taken" => Err(StateError::KeyTaken),
                _ => Err(StateError::Unexpected),
            }
        })
    }

    fn take<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        holder: &'a str,
    ) -> BoxFuture<'a, Result<Taken, StateError>> {
        Box::pin(async move {
            bounded(&[key, holder], &[])?;
            let (share, call, life) = (Share::of(space, key), call()?, millis(STATE_DEADLINE * 2));
            let (entry, handed) = (share.key(space, "kept", key), share.key(space, "handed", &call));
            let more: [&[u8]; 3] = [call.as_bytes(), holder.as_bytes(), life.as_bytes()];
            let answer = self.inner.run(&TAKE, share, &[&entry, &handed], (&call, &more)).await?;
            let Value::Array(parts) = answer else { return Err(StateError::Unexpected) };
            let mut parts = parts.into_iter();
            match (parts.next(), parts.next(), parts.next()) {
                (Some(Value::BulkString(said)), Some(Value::BulkString(value)), None) if said == b"now" => {
                    Ok(Taken::Now(value))
                }
                (Some(Value::BulkString(said)), None, None) => match said.as_slice() {
                    b"before" => Ok(Taken::Before),
                    b"another" => Ok(Taken::AnothersOwn),
                    b"unknown" => Ok(Taken::Unknown),
                    _ => Err(StateError::Unexpected),
                },
                _ => Err(StateError::Unexpected),
            }
        })
    }

    fn spend<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        life: Duration,
        epoch: &'a Epoch,
    ) -> BoxFuture<'a, Result<Spent, StateError>> {
        Box::pin(async move {
            bounded(&[key], &[])?;
            let (share, call, life) = (Share::of(space, key), call()?, millis(life));
            let epoch = hex::encode(self.inner.in_share(share, epoch)?.0);
            let name = share.key(space, "spent", key);
            let more: [&[u8]; 3] = [call.as_bytes(), life.as_bytes(), epoch.as_bytes()];
            match self.inner.run(&SPEND, share, &[&name], (&call, &more)).await? {
                Value::BulkString(said) => match said.as_slice() {
                    b"first" => Ok(Spent::First),
                    b"again" => Ok(Spent::Again),
                    b"lost" => Err(self.inner.lost().await),
                    _ => Err(StateError::Unexpected),
                },
                _ => Err(StateError::Unexpected),
            }
        })
    }

    fn count<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        by: u64,
        life: Duration,
        epoch: &'a Epoch,
    ) -> BoxFuture<'a, Result<u64, StateError>> {
        Box::pin(async move {
            bounded(&[key], &[])?;
            let (share, call, life) = (Share::of(space, key), call()?, millis(life));
            let epoch = hex::encode(self.inner.in_share(share, epoch)?.0);
            let (number, total) = (share.key(space, "count", key), share.key(space, "counted", &call));
            let (by, repeat) = (by.to_string(), millis(STATE_DEADLINE * 2));
            let more: [&[u8]; 4] = [by.as_bytes(), life.as_bytes(), epoch.as_bytes(), repeat.as_bytes()];
            match self.inner.run(&COUNT, share, &[&number, &total], (&call, &more)).await? {
                Value::BulkString(said) if said == b"lost" => Err(self.inner.lost().await),
                Value::BulkString(said) => {
                    let total = std::str::from_utf8(&said).ok().and_then(|total| total.parse().ok());
                    total.ok_or(StateError::Unexpected)
                }
                _ => Err(StateError::Unexpected),
            }
        })
    }

    fn enter<'a>(
        &'a self,
        space: Space,
        room: &'a str,
        member: &'a str,
        most: usize,
        life: Duration,
    ) -> BoxFuture<'a, Result<Entered, StateError>> {
        Box::pin(async move {
            bounded(&[room, member], &[])?;
            let (share, call, life, most) = (Share::of(space, room), call()?, millis(life), most.to_string());
            let more: [&[u8]; 3] = [member.as_bytes(), most.as_bytes(), life.as_bytes()];
            let key = share.key(space, "room", room);
            match self.inner.run(&ENTER, share, &[&key], (&call, &more)).await? {
                Value::BulkString(said) if said == b"in" => Ok(Entered::Yes),
                Value::BulkString(said) if said == b"full" => Ok(Entered::Full),
                _ => Err(StateError::Unexpected),
            }
        })
    }

    fn leave<'a>(
        &'a self,
        space: Space,
        room: &'a str,
        member: &'a str,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move {
            let (share, call) = (Share::of(space, room), call()?);
            let key = share.key(space, "room", room);
            self.inner.run(&LEAVE, share, &[&key], (&call, &[member.as_bytes()])).await.map(drop)
        })
    }

    fn inside<'a>(&'a self, space: Space, room: &'a str) -> BoxFuture<'a, Result<u64, StateError>> {
        Box::pin(async move {
            let (share, call) = (Share::of(space, room), call()?);
            let key = share.key(space, "room", room);
            match self.inner.run(&INSIDE, share, &[&key], (&call, &[])).await? {
                Value::Int(number) => u64::try_from(number).map_err(|_| StateError::Unexpected),
                _ => Err(StateError::Unexpected),
            }
        })
    }

    fn window<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        look: Look<'a>,
    ) -> BoxFuture<'a, Result<Vec<Vec<u8>>, StateError>> {
        Box::pin(async move {
            bounded_look(key, &look)?;
            let (keep, most) = (millis(look.keep), look.most.to_string());
            let window = Share::of(space, key).key(space, "window", key);
            let more: [&[u8]; 3] = [look.from, most.as_bytes(), keep.as_bytes()];
            let more: Vec<&[u8]> = more.into_iter().chain(look.entry).collect();
            let answer = self.inner.link.run(&WINDOW, &[&window], &more).await?;
            let Value::Array(entries) = answer else { return Err(StateError::Unexpected) };
            let entry = |entry| match entry {
                Value::BulkString(entry) => Ok(entry),
                _ => Err(StateError::Unexpected),
            };
            entries.into_iter().map(entry).collect()
        })
    }

    fn epoch(&self) -> BoxFuture<'_, Result<Epoch, StateError>> {
        Box::pin(async move {
            match self.inner.epochs.load_full() {
                Some(epochs) => Ok(epochs.whole),
                None => self.inner.look().await,
            }
        })
    }

    fn nudge(&self) {
        nudges::nudge(&self.inner);
    }

    fn nudged(&self) -> watch::Receiver<u64> {
        self.inner.nudges.subscribe()
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StateError>> {
        Box::pin(async move {
            self.inner.look().await?;
            if self.inner.evicts.load(Relaxed) { Err(StateError::MayEvict) } else { Ok(()) }
        })
    }
}
