// Merges the matches of all sources into one order. Sources are opened only when the scan reaches
// their time, and while one source is alone there its chunks pass through without a look at their
// rows.
#include <algorithm>
#include <array>

#include "core/query/select_access.h"
#include "core/query/select_compile.h"

namespace hypergraph {
namespace {

// Smaller chunks only lose time to the calls.
constexpr uint32_t kChunkRowsMin = 64;
// How far to look for whether anything is left.
constexpr uint32_t kLookAheadSteps = 16;

// A source that the scan has reached, with its chunk of matches that are not given out yet.
struct ScanStream {
  std::optional<SourceCursor> cursor;
  Rows chunk = Rows::Range(0, 0);
  bool placed = false;  // event_ts and seq hold the chunk's places.
  std::vector<Micros> event_ts;
  std::vector<Seq> seq;
  uint32_t given = 0;  // Places in front of those of the chunk that is left.
  Position start;      // Nothing of this source comes before it.
  Position At(uint32_t i) const { return {event_ts[given + i], seq[given + i]}; }
};

}  // namespace

struct OrderedScan::State {
  using Stream = ScanStream;
  struct Waiting {
    uint32_t source;
    Micros reached_at;  // The first event_ts of the source in the direction of the scan.
  };

  CompiledSelection* compiled = nullptr;
  bool newest_first = false;
  std::optional<Position> after;
  uint64_t rows_wanted = 0;
  ShortList<Waiting, 4> waiting;  // The next one last.
  ShortList<Stream*, 4> streams;
  std::optional<Stream> near;                // One of them: mostly there is no other.
  std::vector<std::unique_ptr<Stream>> far;  // The others.
  std::optional<Position> settled;
  bool ended = false;

  bool Before(const Position& a, const Position& b) const { return newest_first ? b < a : a < b; }
  // A place before all rows of the instant, in the direction of the scan.
  Position Edge(Micros event_ts) const { return {event_ts, newest_first ? kSeqMax + 1 : 0}; }

  // A stop by examined_max still lets each source look at one row, so that however small it is a
  // page gets on.
  bool GivesUp() const {
    return compiled->guard->stopped() && compiled->guard->reason() != Truncated::kExaminedMax;
  }
  bool MayFill(const Stream& stream) const {
    return !compiled->guard->stopped() || (!GivesUp() && !stream.cursor->looked());
  }
  void ListSources();
  Stream* AddStream();
  void Free(Stream* stream);
  // Frees those of which it is true.
  template <typename Ended>
  void FreeIf(Ended is_over);
  Status OpenNext();
  Status Fill(Stream* stream);
  Status Place(Stream* stream) const;
  Position Head(const Stream& stream) const {
    return stream.At(newest_first ? stream.chunk.size() - 1 : 0);
  }
  Status FillAll(bool* stopped);
  Status Settle();
  Status GiveAlone(Stream* stream, RowBatch* batch);
  Status GiveMerged(RowBatch* batch, bool stopped);
  void Give(Stream* stream, uint32_t count, RowBatch* batch);
};

void OrderedScan::State::ListSources() {
  for (uint32_t i = 0; i < compiled->sources->size(); ++i) {
    const SourceBounds bounds = (*compiled->sources)[i]->bounds();
    if (!MayMatch(*compiled, bounds)) continue;
    if (after && newest_first && bounds.ts_min > after->event_ts) continue;
    if (after && !newest_first && bounds.ts_max < after->event_ts) continue;
    waiting.push_back({i, newest_first ? bounds.ts_max : bounds.ts_min});
  }
  std::sort(waiting.begin(), waiting.end(), [this](const Waiting& a, const Waiting& b) {
    return newest_first ? a.reached_at < b.reached_at : b.reached_at < a.reached_at;
  });
}

OrderedScan::State::Stream* OrderedScan::State::AddStream() {
  if (!near) return &near.emplace();
  return far.emplace_back(std::make_unique<Stream>()).get();
}

void OrderedScan::State::Free(Stream* stream) {
  if (near && stream == &*near) {
    near.reset();
    return;
  }
  std::erase_if(far, [stream](const auto& held) { return held.get() == stream; });
}

template <typename Ended>
void OrderedScan::State::FreeIf(Ended is_over) {
  streams.EraseIf([&](Stream* stream) {
    if (!is_over(*stream)) return false;
    Free(stream);
    return true;
  });
}

Status OrderedScan::State::OpenNext() {
  Stream* const stream = AddStream();
  stream->cursor.emplace(compiled, waiting.back().source, newest_first, after);
  stream->start = Edge(waiting.back().reached_at);
  if (after && Before(stream->start, *after)) stream->start = *after;
  waiting.pop_back();
  HG_RETURN_IF_ERROR(stream->cursor->Open());
  if (stream->cursor->done()) {
    Free(stream);
  } else {
    streams.push_back(stream);
  }
  return Status::Ok();
}

// Gets the stream's next matches, unless it or the guard ends first.
Status OrderedScan::State::Fill(Stream* stream) {
  while (stream->chunk.size() == 0 && !stream->cursor->done() && MayFill(*stream)) {
    const uint64_t wanted = std::clamp<uint64_t>(rows_wanted, kChunkRowsMin, kGuardRows);
    const bool bounded = stream->cursor->unchecked();
    HG_RETURN_IF_ERROR(
        stream->cursor->Next(bounded ? static_cast<uint32_t>(wanted) : kGuardRows, &stream->chunk));
    stream->placed = false;
    stream->given = 0;
  }
  return Status::Ok();
}

Status OrderedScan::State::Place(Stream* stream) const {
  if (stream->placed) return Status::Ok();
  stream->given = 0;
  stream->event_ts.resize(stream->chunk.size());
  stream->seq.resize(stream->chunk.size());
  HG_RETURN_IF_ERROR(stream->cursor->source().EventTs(stream->chunk, stream->event_ts.data()));
  HG_RETURN_IF_ERROR(stream->cursor->source().Seqs(stream->chunk, stream->seq.data()));
  stream->placed = true;
  return Status::Ok();
}

// Afterwards every stream has matches, unless the guard stopped.
Status OrderedScan::State::FillAll(bool* stopped) {
  *stopped = false;
  for (Stream* stream : streams) HG_RETURN_IF_ERROR(Fill(stream));
  FreeIf([](const Stream& stream) { return stream.chunk.size() == 0 && stream.cursor->done(); });
  for (const Stream* stream : streams) *stopped = *stopped || stream->chunk.size() == 0;
  return Status::Ok();
}

// The place up to which nothing was left out: the least advanced stream's.
Status OrderedScan::State::Settle() {
  std::optional<Position> least;
  const auto consider = [&](const Position& position) {
    if (!least || Before(position, *least)) least = position;
  };
  for (Stream* stream : streams) {
    if (stream->chunk.size() > 0) {
      HG_RETURN_IF_ERROR(Place(stream));
      Position head = Head(*stream);
      head.seq = newest_first ? head.seq + 1 : head.seq - 1;
      consider(head);
      continue;
    }
    std::optional<Position> looked_at;
    HG_RETURN_IF_ERROR(stream->cursor->LookedAt(&looked_at));
    consider(looked_at.value_or(stream->start));
  }
  if (!waiting.empty()) consider(Edge(waiting.back().reached_at));
  settled = least;
  if (after && least && Before(*least, *after)) settled = after;
  return Status::Ok();
}

// Hands out the first `count` rows of the chunk, in the direction of the scan.
void OrderedScan::State::Give(Stream* stream, uint32_t count, RowBatch* batch) {
  const uint32_t left = stream->chunk.size() - count;
  batch->source = stream->cursor->source_index();
  batch->rows = stream->chunk.Slice(newest_first ? left : 0, count);
  stream->chunk = stream->chunk.Slice(newest_first ? 0 : count, left);
  if (!newest_first) stream->given += count;
  rows_wanted -= std::min<uint64_t>(rows_wanted, count);
}

Status OrderedScan::State::GiveAlone(Stream* stream, RowBatch* batch) {
  uint32_t count = stream->chunk.size();
  if (!waiting.empty()) {
    Position last;
    const uint32_t last_row = newest_first ? stream->chunk[0] : stream->chunk[count - 1];
    HG_RETURN_IF_ERROR(PositionOf(stream->cursor->source(), last_row, &last));
    if (!Before(last, Edge(waiting.back().reached_at))) {
      return GiveMerged(batch, /*stopped=*/false);
    }
  }
  Give(stream, count, batch);
  return Status::Ok();
}

// Gives what one stream has before all others, opening those that begin there. Stopped, some may
// have no matches at hand: then only what lies before the places that they have come to, if any.
Status OrderedScan::State::GiveMerged(RowBatch* batch, bool stopped) {
  Stream* first = nullptr;
  std::optional<Position> limit;  // Of what `first` may give: the second stream's head.
  for (Stream* stream : streams) {
    if (stream->chunk.size() == 0) {
      std::optional<Position> looked_at;
      HG_RETURN_IF_ERROR(stream->cursor->LookedAt(&looked_at));
      const Position reached = looked_at.value_or(stream->start);
      if (!limit || Before(reached, *limit)) limit = reached;
      continue;
    }
    HG_RETURN_IF_ERROR(Place(stream));
    if (first == nullptr || Before(Head(*stream), Head(*first))) {
      if (first != nullptr && (!limit || Before(Head(*first), *limit))) limit = Head(*first);
      first = stream;
    } else if (!limit || Before(Head(*stream), *limit)) {
      limit = Head(*stream);
    }
  }
  if (!waiting.empty()) {
    const Position edge = Edge(waiting.back().reached_at);
    const bool by_limit = first == nullptr || (limit && Before(*limit, Head(*first)));
    if (!Before(by_limit ? *limit : Head(*first), edge)) {  // Then there is more to merge.
      return GivesUp() ? Status::Ok() : OpenNext();
    }
    if (!limit || Before(edge, *limit)) limit = edge;
  }
  if (first == nullptr) return Status::Ok();
  if (stopped && limit && !Before(Head(*first), *limit)) return Status::Ok();
  uint32_t low = 1;
  uint32_t high = first->chunk.size();
  while (limit && low < high) {
    const uint32_t middle = low + (high - low + 1) / 2;
    const Position last = first->At(newest_first ? first->chunk.size() - middle : middle - 1);
    if (Before(last, *limit)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  Give(first, high, batch);
  return Status::Ok();
}

OrderedScan::OrderedScan(Selector* selector, bool newest_first, std::optional<Position> after,
                         uint64_t rows_wanted)
    : state_(std::make_unique<State>()) {
  state_->compiled = &selector->compiled();
  state_->newest_first = newest_first;
  state_->after = after;
  state_->rows_wanted = rows_wanted;
  state_->ListSources();
}
OrderedScan::~OrderedScan() = default;

Status OrderedScan::Next(RowBatch* batch) {
  batch->rows = Rows::Range(0, 0);
  State& state = *state_;
  while (batch->rows.size() == 0) {
    if (state.streams.empty()) {
      state.ended = state.waiting.empty();
      if (state.ended) return Status::Ok();
      if (state.GivesUp()) return state.Settle();
      HG_RETURN_IF_ERROR(state.OpenNext());
      continue;
    }
    bool stopped = false;
    HG_RETURN_IF_ERROR(state.FillAll(&stopped));
    if (stopped) {
      const size_t waited = state.waiting.size();
      HG_RETURN_IF_ERROR(state.GiveMerged(batch, stopped));
      if (batch->rows.size() > 0) return Status::Ok();
      if (state.waiting.size() == waited) return state.Settle();
      continue;
    }
    if (state.streams.size() == 1) {
      HG_RETURN_IF_ERROR(state.GiveAlone(state.streams[0], batch));
    } else if (!state.streams.empty()) {
      HG_RETURN_IF_ERROR(state.GiveMerged(batch, stopped));
    }
    // A source waits to be opened in front of what is at hand, and it is too late for that.
    const bool blocked = batch->rows.size() == 0 && !state.streams.empty() && state.GivesUp();
    if (blocked) return state.Settle();
  }
  return Status::Ok();
}

Status OrderedScan::MayHaveMore(bool* more) {
  State& state = *state_;
  *more = true;
  for (uint32_t step = 0; step < kLookAheadSteps; ++step) {
    if (state.compiled->guard->stopped()) return Status::Ok();
    for (const State::Stream* stream : state.streams) {
      if (stream->chunk.size() > 0) return Status::Ok();
    }
    state.FreeIf([](const State::Stream& stream) { return stream.cursor->done(); });
    if (!state.streams.empty()) {
      State::Stream& stream = *state.streams[0];
      stream.placed = false;
      HG_RETURN_IF_ERROR(stream.cursor->Next(kGuardRows, &stream.chunk));
    } else if (!state.waiting.empty()) {
      HG_RETURN_IF_ERROR(state.OpenNext());
    } else {
      *more = false;
      return Status::Ok();
    }
  }
  return Status::Ok();
}

bool OrderedScan::ended() const { return state_->ended; }
std::optional<Position> OrderedScan::settled() const { return state_->settled; }

}  // namespace hypergraph
