"""Charts of reports for finance teams: ordinary altair charts that need no internet.

    recipes.py          the charts that there are, as data: types, columns, amounts, categories, time, shape
    set_recipes.py      those of sets whose rows are totals or states
    recipe.py           what a recipe is, and what the caller asked of it
    choosing.py         chooses the charts of a report: chart_of, kinds_of

    over_time.py        amounts, fees, rates and a growing sum along time
    rolling.py          sums of the last thirty days
    totals.py           totals without time: accounts, products, plans, categories
    balance.py, financial.py    balances as waterfalls, from start to end
    roll_forward.py     balances of several periods, one below the other
    reconciliation.py   from sales to the deposit: each payout, and all together
    flows.py            the parts of a net amount: sales, fees by what they are for, refunds, disputes
    comparison.py       two periods compared, by category
    payout_bridge.py    one payout, from its sales to the bank
    payouts.py          payouts by bank date and status
    tax.py              tax by jurisdiction
    revenue.py          debits and credits per accounting period
    linking.py, selections.py   selections in a chart, and the rows behind them

    stacked.py, lines.py, ranked.py, waterfall.py,
    bars_and_line.py, heatmap.py, bar_table.py      the drawings
    numpy_first.py      what altair needs when several threads draw
    slots.py, groups.py, panels.py, columns.py, sums.py   axes, parts, currencies, required columns, sums

A recipe is called with a frame from ``report.frame()``, ``report.scan()`` or ``sr.read_csv``. Amounts are
summed as exact decimals, one currency at a time. Floats only position the marks; every amount shown, on a bar
or in its tooltip, is text made from the decimal.
"""
