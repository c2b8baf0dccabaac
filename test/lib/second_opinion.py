#!/usr/bin/env python3
"""Another reader's view of a table file, for test_sheet_second.c: openpyxl for .xlsx, xlrd for .xls.

read FILE: one line a sheet ("S name state"), merged range ("M first_row last_row first_col last_col"), hidden row
("H row"), hidden column ("K column") and cell that is not blank ("C row column kind text"), columns from 0, rows from 1.
make FOLDER: files by openpyxl and xlwt, which know nothing of the programs that made the others.
"""
import datetime
import math
import os
import sys
import warnings

warnings.filterwarnings("ignore")
EPOCH = datetime.datetime(1899, 12, 30)


def plain(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def number(v):
    if v == math.floor(v) and abs(v) < 1e18:
        return "%.0f" % (v + 0.0 if v else 0.0)
    return "%.15g" % v


def day(v):
    """A point in time to the second, as our cells show it."""
    v = v + datetime.timedelta(microseconds=500000)
    v = v.replace(microsecond=0)
    return v.strftime("%Y-%m-%d") if v.time() == datetime.time() else v.strftime("%Y-%m-%d %H:%M:%S")


def span(v):
    """A time of day, or a span of time: it has no day, or stands as an instant counted from 1899-12-30."""
    s = int(v.total_seconds() + 0.5)
    if s < 86400:
        return "%02d:%02d:%02d" % (s // 3600, s // 60 % 60, s % 60)
    at = EPOCH + datetime.timedelta(seconds=s)
    return day(at + datetime.timedelta(days=1) if s < 60 * 86400 else at)


def kind_of(v):
    if isinstance(v, bool):
        return "b", "TRUE" if v else "FALSE"
    if isinstance(v, (int, float)):
        return "n", number(v)
    if isinstance(v, datetime.datetime):
        return "d", day(v)
    if isinstance(v, datetime.date):
        return "d", v.strftime("%Y-%m-%d")
    if isinstance(v, datetime.time):
        return "d", span(datetime.timedelta(hours=v.hour, minutes=v.minute, seconds=v.second + v.microsecond / 1e6))
    if isinstance(v, datetime.timedelta):
        return "d", span(v)
    return "t", plain(str(v))


def read_xlsx(path):
    import openpyxl
    from openpyxl.utils import column_index_from_string
    book = openpyxl.load_workbook(path, data_only=True)
    for sheet in book.worksheets:
        print("S %s %s" % (sheet.title, sheet.sheet_state))
        for m in sheet.merged_cells.ranges:
            print("M %d %d %d %d" % (m.min_row, m.max_row, m.min_col - 1, m.max_col - 1))
        for at, row in sheet.row_dimensions.items():
            if row.hidden:
                print("H %d" % at)
        for letter, col in sheet.column_dimensions.items():
            if col.hidden:
                first = col.min or column_index_from_string(letter)
                for at in range(first, min((col.max or first) + 1, first + 300)):
                    print("K %d" % (at - 1))
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is None or cell.value == "":
                    continue
                kind, text = ("e", cell.value) if cell.data_type == "e" else kind_of(cell.value)
                print("C %d %d %s %s" % (cell.row, cell.column - 1, kind, text))


def read_xls(path):
    import xlrd
    try:
        book = xlrd.open_workbook(path, formatting_info=True)
    except NotImplementedError:
        book = xlrd.open_workbook(path)
    for sheet in book.sheets():
        print("S %s %s" % (sheet.name, ["visible", "hidden", "veryHidden"][sheet.visibility]))
        for r0, r1, c0, c1 in sheet.merged_cells:
            print("M %d %d %d %d" % (r0 + 1, r1, c0, c1 - 1))
        for at, row in sheet.rowinfo_map.items():
            if row.hidden:
                print("H %d" % (at + 1))
        for at, col in sheet.colinfo_map.items():
            if col.hidden and at < 256:
                print("K %d" % at)
        for r in range(sheet.nrows):
            for c in range(sheet.row_len(r)):
                cell = sheet.cell(r, c)
                if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) or cell.value == "":
                    continue
                if cell.ctype == xlrd.XL_CELL_DATE:
                    if cell.value < 1:
                        kind, text = "d", span(datetime.timedelta(days=cell.value))
                    else:
                        kind, text = "d", day(xlrd.xldate.xldate_as_datetime(cell.value, book.datemode))
                elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
                    kind, text = "b", "TRUE" if cell.value else "FALSE"
                elif cell.ctype == xlrd.XL_CELL_ERROR:
                    kind, text = "e", xlrd.error_text_from_code[cell.value]
                else:
                    kind, text = kind_of(cell.value)
                print("C %d %d %s %s" % (r + 1, c, kind, text))


ROWS = [
    ["客户名称", "电话", "金额", "日期", "时间", "是否", "备注"],
    ["北京华科", 13800138000, 12.5, datetime.date(2024, 5, 1), datetime.datetime(2024, 5, 1, 9, 30), True, "a\nb"],
    ["𠮷野家", 1.1010519491231e17, -0.001, datetime.date(1900, 3, 1), datetime.datetime(1999, 12, 31, 23, 59, 59), False, " x "],
    ["", 0, 1e-7, datetime.date(9999, 12, 31), datetime.time(9, 30), True, "<&>\"'"],
    [None, None, None, None, None, None, None],
    ["o'Brien & Söhne " * 200, 1e15, 123456789.123456, datetime.date(2000, 2, 29), datetime.time(23, 59, 59), None, "=1+1 "],
]


def make_xlsx(path, date1904):
    import openpyxl
    book = openpyxl.Workbook()
    if date1904:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for name, state in (("客户", "visible"), ("隐藏", "hidden"), ("深藏", "veryHidden")):
        sheet = book.active if name == "客户" else book.create_sheet(name)
        sheet.title = name
        sheet.sheet_state = state
        for row in ROWS:
            # days before 1904 have no number there
            sheet.append([None if date1904 and isinstance(v, datetime.date) and v.year < 1904 else v for v in row])
        sheet["A20"] = "=SUM(B1:B5)"
        sheet["B20"].value = "#N/A"
        sheet["B20"].data_type = "e"
        sheet.merge_cells("A10:B12")
        sheet["A10"] = "合并"
        sheet.merge_cells("C1:D1")
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["F"].hidden = True
        sheet.column_dimensions.group("I", "K", hidden=True)
    book.save(path)


def make_xls(path, date1904):
    import xlwt
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = date1904
    styles = {"d": xlwt.easyxf(num_format_str="YYYY-MM-DD"), "t": xlwt.easyxf(num_format_str="YYYY-MM-DD HH:MM:SS"),
              "h": xlwt.easyxf(num_format_str="HH:MM:SS")}
    for name, state in (("客户", 0), ("隐藏", 1), ("深藏", 2)):
        sheet = book.add_sheet(name)
        sheet.visibility = state
        for r, row in enumerate(ROWS):
            for c, v in enumerate(row):
                if v is None or v == "" or (isinstance(v, datetime.date) and v.year < 1905):
                    continue
                style = "t" if isinstance(v, datetime.datetime) else "d" if isinstance(v, datetime.date) \
                    else "h" if isinstance(v, datetime.time) else None
                sheet.write(r, c, v, *([styles[style]] if style else []))
        for r in range(30, 3000):  # strings that go on in the next record
            sheet.write(r, 0, ("第%d行，" % r) + "长文字" * (r % 90))
        sheet.write_merge(9, 11, 0, 1, "合并")
        sheet.row(2).hidden = True
        sheet.col(5).hidden = True
    book.save(path)


def main():
    if sys.argv[1] == "make":
        for date1904 in (False, True):
            make_xlsx(os.path.join(sys.argv[2], "openpyxl%d.xlsx" % date1904), date1904)
            make_xls(os.path.join(sys.argv[2], "xlwt%d.xls" % date1904), date1904)
    elif sys.argv[2].endswith(".xlsx"):
        read_xlsx(sys.argv[2])
    else:
        read_xls(sys.argv[2])


main()
