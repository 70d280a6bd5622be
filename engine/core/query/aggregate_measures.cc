#include "core/query/aggregate_measures.h"

#include <cmath>

namespace hypergraph {

MeasureColumn::MeasureColumn(const Measure& measure, AggregateColumns* columns)
    : measure_(measure) {
  if (measure.kind != MeasureKind::kCount) values_ = columns->Need(measure.column);
}

void MeasureColumn::Resize(uint32_t group_count) {
  if (counts_.size() >= group_count) return;
  counts_.resize(group_count);
  const bool sums = measure_.kind == MeasureKind::kSum || measure_.kind == MeasureKind::kAvg;
  const bool extreme = measure_.kind == MeasureKind::kMin || measure_.kind == MeasureKind::kMax;
  if (sums && value_class() == ValueClass::kInteger) wide_sums_.resize(group_count);
  if (extreme && value_class() == ValueClass::kInteger) integers_.resize(group_count);
  if ((sums || extreme) && value_class() == ValueClass::kFloat) floats_.resize(group_count);
  if (extreme && value_class() == ValueClass::kText) texts_.resize(group_count);
}

uint64_t MeasureColumn::bytes() const {
  return counts_.size() * 8 + wide_sums_.size() * 16 + integers_.size() * 8 + floats_.size() * 8 +
         texts_.size() * 16 + text_ids_.bytes() + distinct_.bytes();
}

void MeasureColumn::AddMany(uint32_t group, uint64_t fact_count, double sum) {
  Resize(group + 1);
  counts_[group] += fact_count;
  if (!floats_.empty()) floats_[group] += sum;
}

void MeasureColumn::Add(const Facts& facts, const AggregateColumns& columns, uint32_t group_count) {
  Resize(group_count);
  switch (measure_.kind) {
    case MeasureKind::kCount:
      for (const uint32_t group : facts.groups) ++counts_[group];
      return;
    case MeasureKind::kSum:
    case MeasureKind::kAvg:
      return AddSum(facts);
    case MeasureKind::kMin:
    case MeasureKind::kMax:
      if (value_class() == ValueClass::kInteger) {
        AddExtreme(facts, values_->integers, &integers_);
      } else if (value_class() == ValueClass::kFloat) {
        AddExtreme(facts, values_->floats, &floats_);
      } else {
        AddExtreme(facts, values_->texts, &texts_);
      }
      return;
    case MeasureKind::kDistinct:
      if (value_class() == ValueClass::kMembers) {
        return AddDistinctMembers(facts, columns.members());
      }
      return AddDistinct(facts);
  }
}

void MeasureColumn::AddSum(const Facts& facts) {
  const bool wide = value_class() == ValueClass::kInteger;
  for (size_t i = 0; i < facts.size(); ++i) {
    const uint32_t row = facts.RowOf(i);
    if (!values_->Has(row)) continue;
    const uint32_t group = facts.groups[i];
    ++counts_[group];
    if (wide) {
      wide_sums_[group] += values_->integers[row];
    } else {
      floats_[group] += values_->floats[row];
    }
  }
}

template <typename T>
void MeasureColumn::AddExtreme(const Facts& facts, const std::vector<T>& from,
                               std::vector<T>* into) {
  const bool least = measure_.kind == MeasureKind::kMin;
  for (size_t i = 0; i < facts.size(); ++i) {
    const uint32_t row = facts.RowOf(i);
    if (!values_->Has(row)) continue;
    const uint32_t group = facts.groups[i];
    const bool better = least ? from[row] < (*into)[group] : (*into)[group] < from[row];
    if (counts_[group]++ == 0 || better) (*into)[group] = from[row];
  }
}

void MeasureColumn::AddDistinctCode(uint32_t group, uint64_t code) {
  const uint32_t before = distinct_.size();
  distinct_.FindOrAdd({{group, code}, 0});
  counts_[group] += distinct_.size() - before;
}

void MeasureColumn::AddDistinct(const Facts& facts) {
  for (size_t i = 0; i < facts.size(); ++i) {
    const uint32_t row = facts.RowOf(i);
    if (!values_->Has(row)) continue;
    uint64_t code = 0;
    if (value_class() == ValueClass::kText) {
      code = text_ids_.IdOf(values_->texts[row]);
    } else if (value_class() == ValueClass::kFloat) {
      code = CodeOfFloat(values_->floats[row]);
    } else {
      code = static_cast<uint64_t>(values_->integers[row]);
    }
    AddDistinctCode(facts.groups[i], code);
  }
}

// Of the fact's own membership when groups are of memberships, else of all of the row's.
void MeasureColumn::AddDistinctMembers(const Facts& facts, const MemberColumns& members) {
  const bool of_roles = measure_.column.kind == ColumnKind::kRoles;
  if (of_roles && members.roles.empty()) return;
  const std::vector<uint32_t>& codes = of_roles ? members.roles : members.nodes;
  for (size_t i = 0; i < facts.size(); ++i) {
    const bool own = !facts.rows.empty();
    const size_t first = own ? facts.members[i] : members.offsets[i];
    const size_t end = own ? first + 1 : members.offsets[i + 1];
    for (size_t at = first; at < end; ++at) {
      if (of_roles && codes[at] == kSymbolNone) continue;
      AddDistinctCode(facts.groups[i], codes[at]);
    }
  }
}

bool MeasureColumn::Has(uint32_t group) const {
  const bool counts =
      measure_.kind == MeasureKind::kCount || measure_.kind == MeasureKind::kDistinct;
  return counts || counts_[group] > 0;
}

double MeasureColumn::Number(uint32_t group) const {
  if (measure_.kind == MeasureKind::kCount || measure_.kind == MeasureKind::kDistinct) {
    return static_cast<double>(counts_[group]);
  }
  const double sum = wide_sums_.empty() ? floats_[group] : static_cast<double>(wide_sums_[group]);
  return measure_.kind == MeasureKind::kSum ? sum : sum / static_cast<double>(counts_[group]);
}

int MeasureColumn::Compare(uint32_t left, uint32_t right) const {
  const auto order = [](const auto& a, const auto& b) { return a < b ? -1 : b < a ? 1 : 0; };
  // Sums of floats may overflow, and infinities of both signs add up to no number: it comes next to
  // null, so that there is an order.
  const auto order_figures = [&order](double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return order(!std::isnan(a), !std::isnan(b));
    return order(a, b);
  };
  if (!Has(left) || !Has(right)) return order(Has(left), Has(right));
  if (measure_.kind != MeasureKind::kMin && measure_.kind != MeasureKind::kMax) {
    return order_figures(Number(left), Number(right));
  }
  if (value_class() == ValueClass::kInteger) return order(integers_[left], integers_[right]);
  if (value_class() == ValueClass::kFloat) return order(floats_[left], floats_[right]);
  return order(texts_[left], texts_[right]);
}

}  // namespace hypergraph
