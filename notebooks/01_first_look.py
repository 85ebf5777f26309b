# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # A first look
#
# From a shop's events to customers: a log, a profile of each customer, RFM segments, pictures.
# The shop is simulated; put your own data frame in its place.

# %%
import patron
from patron import demo, plot

shop = demo.simulate(1000, seed=0)
events = shop.table("events")  # a pyarrow table; pandas, polars and DuckDB relations do as well
events.slice(0, 5).to_pandas()

# %% [markdown]
# ## The log
#
# Rows are cleaned once and sorted by customer and time. Nothing vanishes without a row in the audit.

# %%
log = patron.EventLog(
    events,
    user="user",
    time="time",
    event="event",
    item="item",
    amount="amount",
    order="order",
    currency="currency",
    tz=shop.timezone,
)
log.n_events, log.n_users, log.start, log.end

# %%
log.audit

# %% [markdown]
# ## Profiles
#
# One row a customer, in total and for the last 30 and 365 local days.

# %%
profiles = patron.profile.Profiler(windows=("30D", "365D")).fit(log).transform()
profiles.to_pandas()[["user", "orders", "revenue", "recency_days", "orders_30d", "revenue_365d"]].head()

# %%
plot.customers_over_time(log)

# %%
plot.revenue_concentration(profiles)

# %% [markdown]
# ## Segments
#
# Scores for recency, frequency and money; equal values get equal scores.

# %%
rfm = patron.segment.RFM(bins=5).fit(profiles)
segments = rfm.predict(profiles)
rfm.thresholds_

# %%
plot.rfm_map(segments, profiles)

# %%
plot.segment_sizes(segments, profiles)

# %% [markdown]
# Each picture has its numbers beside it.

# %%
sizes = plot.segment_sizes_data(segments, profiles)
dict(zip(sizes["segment"], sizes["customers"], strict=True))

# %% [markdown]
# `patron.report.build(log, "out")` writes all of it as one page and the tables behind it.
