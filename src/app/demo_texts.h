/* The words of the demonstration company: people, trades, talks. Data, kept apart from what uses it. */
#ifndef APP_DEMO_TEXTS_H
#define APP_DEMO_TEXTS_H

typedef struct DemoDepartment {
    const char *code, *name, *parent;
} DemoDepartment;

typedef struct DemoPerson {
    const char *login, *name, *department, *position, *manager, *roles[2];
} DemoPerson;

typedef struct DemoTalk {
    const char *content, *need, *plan;
} DemoTalk;

typedef struct DemoTrade {
    const char *word, *industry;
} DemoTrade;

typedef struct DemoWeight {
    const char *code;
    int weight;
} DemoWeight;

static const char *const demo_company = "云程智能科技（杭州）有限公司";

static const DemoDepartment demo_departments[] = {
    {"sales", "销售中心", NULL}, {"east", "华东销售部", "sales"}, {"south", "华南销售部", "sales"}, {"service", "客户服务部", NULL}, {NULL, NULL, NULL}};

static const DemoPerson demo_people[] = {
    {"zhoum", "周明", "sales", "总经理", NULL, {"management"}},
    {"linx", "林晓", "sales", "销售总监", "zhoum", {"department_head"}},
    {"wangl", "王磊", "east", "华东销售经理", "linx", {"sales_manager"}},
    {"chenj", "陈静", "south", "华南销售经理", "linx", {"sales_manager"}},
    {"liq", "李强", "east", "销售代表", "wangl", {"sales_rep"}},
    {"zhangw", "张伟", "east", "销售代表", "wangl", {"sales_rep"}},
    {"huangl", "黄丽", "south", "销售代表", "chenj", {"sales_rep"}},
    {"zhaom", "赵敏", "service", "客服经理", "zhoum", {"service_manager"}},
    {"suny", "孙悦", "service", "客服专员", "zhaom", {"service_agent"}},
    {"wuf", "吴凡", "sales", "市场专员", "linx", {"marketing"}},
    {"xub", "徐斌", "service", "系统管理员", "zhoum", {"system_admin", "security_admin"}},
    {"zhenga", "郑安", "service", "审计员", "zhoum", {"auditor"}},
    {0}};

static const char *const demo_surnames[] = {"王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高", "罗", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹", "彭", "曾", "肖", "田", "董", "潘", "袁", "蔡", "蒋", "余", "于", "杜", "叶", "程", "魏", "苏", "吕", "丁", "任", "卢", "姚", "沈", "钟", "姜", "崔", "谭", "陆", "范", "单", "欧阳", "上官"};
static const char *const demo_given[] = {"伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀兰", "霞", "平", "刚", "桂英", "建华", "文博", "思远", "雨桐", "子涵", "浩然", "欣怡", "梓萱", "宇轩", "一诺", "嘉怡", "志强", "建国", "海燕", "晓东", "雪梅", "国庆", "婷婷", "俊杰", "佳琪", "天宇", "若曦", "晨曦", "鹏飞", "立新", "红梅"};
static const char *const demo_titles[] = {"总经理", "副总经理", "采购经理", "采购主管", "技术总监", "信息部经理", "财务经理", "行政主管", "项目经理", "运营总监", "市场经理", "厂长"};
static const char *const demo_streets[] = {"人民路", "建设路", "解放大道", "中山路", "文三路", "科技园路", "滨江大道", "工业大道", "新华街", "学院路", "创新大道", "高新路", "迎宾大道", "和平路"};
static const char *const demo_forms[] = {"有限公司", "有限公司", "有限公司", "有限责任公司", "股份有限公司", "集团有限公司"};
static const char *const demo_sizes[] = {"1-20", "21-50", "21-50", "51-200", "51-200", "201-500", "501-1000", "1000+"};
static const DemoTrade demo_trades[] = {{"信息技术", "it"}, {"软件", "it"}, {"网络科技", "it"}, {"智能科技", "it"}, {"机械制造", "manufacturing"}, {"精密仪器", "manufacturing"}, {"电子", "manufacturing"}, {"新材料", "manufacturing"}, {"商贸", "retail"}, {"贸易", "retail"}, {"百货", "retail"}, {"建设工程", "construction"}, {"装饰工程", "construction"}, {"投资管理", "finance"}, {"教育科技", "education"}, {"医疗器械", "health"}, {"生物医药", "health"}, {"物流", "logistics"}, {"供应链管理", "logistics"}, {"餐饮管理", "catering"}, {"置业", "realestate"}, {"农业发展", "agriculture"}, {"新能源", "energy"}, {"文化传媒", "media"}, {"企业服务", "services"}};
static const DemoWeight demo_sources[] = {{"website", 22}, {"exhibition", 18}, {"referral", 24}, {"phone", 10}, {"advertising", 9}, {"social", 9}, {"partner", 6}, {"other", 2}, {0}};
static const DemoWeight demo_levels[] = {{"key", 15}, {"normal", 55}, {"potential", 30}, {0}};
static const DemoWeight demo_lifecycles[] = {{"potential", 42}, {"interested", 27}, {"active", 23}, {"lost", 6}, {"invalid", 2}, {0}};
static const char *const demo_remarks[] = {"对价格比较敏感，需提前准备对比方案", "年底前有预算，审批流程约两周", "老板直接拍板，沟通效率高", "已有其他供应商，合同明年三月到期", "需要开增值税专用发票，账期 60 天", "重视售后响应速度", "集团统一采购，需入供应商库", "客户要求现场演示后再谈价格"};
static const DemoTalk demo_talks[] = {
    {"电话沟通了现有系统的使用情况，客户反馈报表导出慢，希望了解我们的方案。", "报表导出要在一分钟内完成，支持手机查看", "下周三前发送产品资料和同行业案例"},
    {"上门拜访了采购经理和信息部经理，现场演示了客户管理与工单模块。", "需要与现有 ERP 打通客户编码", "整理接口清单，周五前给出对接方案"},
    {"微信沟通报价细节，客户对首年折扣有期待，正在走内部审批。", "首年费用控制在 15 万以内", "与经理确认折扣后更新报价单"},
    {"参加客户组织的选型会，三家供应商依次讲解，我们的导入能力得到认可。", "历史数据 8 万条要一次导入", "准备数据导入测试，提供校验报告"},
    {"电话回访试用情况，销售团队已录入 200 多个客户，反馈界面清爽。", "希望增加按区域的漏斗统计", "提交需求并约定下周培训时间"},
    {"邮件发送了合同草案，法务提出付款方式需调整为三期。", "付款改为 3-4-3 三期", "法务修订后本周内回传"},
    {"客户临时换了对接人，新负责人是运营总监，重新介绍了公司和产品。", "先做一个部门的试点", "约下周二线上会议，明确试点范围"},
    {"拜访后客户表示明年一月启动招标，目前在收集技术参数。", "提供技术参数和资质文件", "准备资质文件并跟进招标时间"},
    {"电话确认上次演示的问题已解决，客户同意进入商务谈判。", "要求两年质保和 4 小时响应", "起草服务条款，经理审核后发出"},
    {"会议沟通年度续约，客户整体满意，提出两项改进建议。", "增加导出字段、优化手机端", "把建议登记为反馈，月底前回复进展"},
    {"客户反馈预算被压缩，暂缓采购，但愿意保持联系。", "明年一季度再评估", "一月初再次联系，期间发送行业资讯"},
    {"展会上交换名片后首次电话，对方负责设备采购，对我们的产品不了解。", "了解产品功能和价格区间", "发送介绍材料，三天后电话跟进"}};

#endif
